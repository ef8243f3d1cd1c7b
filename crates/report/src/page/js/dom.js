// Makes elements. Text only ever becomes text nodes: nothing from a record is markup.

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; `on…` attributes are listeners, false and null leave one out. */
function element(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

/** The same for SVG, in the namespace of the page's own empty picture. */
function drawing(name, attributes = {}, ...children) {
  const namespace = byId("namespace").namespaceURI;
  return furnish(document.createElementNS(namespace, name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** A name that may be broken after a comma, a colon or a plus. */
const breakable = (name) => name.split(/(?<=[,:+])/).flatMap((part, at) => (at ? [element("wbr"), part] : [part]));

/** Says something to screen readers without showing it. */
function announce(text) {
  byId("announcer").textContent = text;
}

const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

/** The value of a colour of the style sheet, for the canvas, which knows no variables. */
function ink(name) {
  const probe = byId("ink");
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** Boxes that may scroll. */
const SCROLLERS = ".scroll, .picture, figure > div, pre";

const scrollerSizes = new ResizeObserver((entries) => {
  for (const box of new Set(entries.map(({ target }) => target.closest(SCROLLERS)).filter(Boolean))) reach(box);
});

/** Keeps boxes that scroll, and hold nothing that takes the focus, within reach of the keyboard. */
function reachScrollers(within) {
  for (const box of within.querySelectorAll(SCROLLERS)) {
    for (const node of [box, ...box.children]) scrollerSizes.observe(node);
  }
}

function reach(box) {
  const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
  if (!scrolls || box.querySelector("a, button, input, [tabindex]")) {
    for (const name of ["tabindex", "role", "aria-label"]) if ("reach" in box.dataset) box.removeAttribute(name);
    delete box.dataset.reach;
    return;
  }
  const name = box.querySelector("caption")?.textContent ?? box.querySelector("[aria-label]")?.getAttribute("aria-label");
  box.dataset.reach = "";
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", name ?? "Commands");
}
