// Tables: the static ones made sortable, the summary of methods, and the runs, of which only rows in view exist.

const UNITS = { "\u00b5s": 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** The number that a cell begins with, in the unit that it names. */
function cellNumber(text) {
  const match = /^[<>]?\s*(-?[\d\u202f]+(?:\.\d+)?)\s*([^\d\s]*)/.exec(text);
  return match ? parseFloat(match[1].replaceAll("\u202f", "")) * (UNITS[match[2]] ?? 1) : NaN;
}

/** Less first, or last if `down`; what is nothing comes last either way. */
function compareValues(a, b, down) {
  const nothing = (value) => value === null || value === undefined || Number.isNaN(value);
  if (nothing(a) || nothing(b)) return nothing(a) - nothing(b);
  const order = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  return down ? -order : order;
}

/** A heading that sorts. */
function sortButton(head, text, sort) {
  head.replaceChildren(element("button", { type: "button", onclick: sort }, text));
}

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    sortButton(head, head.textContent, () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = head.classList.contains("n");
      const rows = [...table.tBodies[0].rows].map((row) => {
        const text = row.cells[column].textContent.trim();
        return [numeric ? cellNumber(text) : text, row];
      });
      rows.sort((a, b) => compareValues(a[0], b[0], down));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}

/** A column: heading, value to sort by, text, and whether it is a number. */
const column = (name, of, text, numeric = true) => ({ name, of, text: text ?? ((row) => of(row)), numeric });

const SUMMARY_COLUMNS = [
  column("method", (row) => row.method, null, false),
  column("kind", (row) => row.kind, null, false),
  column("runs", (row) => row.runs, (row) => formatCount(row.runs)),
  column("instances", (row) => row.instances, (row) => formatCount(row.instances)),
  column("answered", (row) => row.answered, (row) => formatCount(row.answered)),
  column("proved", (row) => row.proved, (row) => formatCount(row.proved)),
  column("certified", (row) => row.certified, (row) => formatCount(row.certified)),
  column("mean gap", (row) => row.gap, (row) => formatPercent(row.gap)),
  column("best cost", (row) => row.best, (row) => (row.family === "replay" ? DASH : `${formatCount(row.best)} of ${formatCount(row.instances)}`)),
  column("time, 10\u00a0ms", (row) => row.sgm10ms, (row) => formatSeconds(row.sgm10ms)),
  column("time, 1\u00a0s", (row) => row.sgm1s, (row) => formatSeconds(row.sgm1s)),
  column("PAR-2", (row) => row.par2, (row) => formatSeconds(row.par2)),
  column("memory", (row) => row.memory, (row) => formatBytes(row.memory)),
  column("wrong", (row) => row.wrong, (row) => formatCount(row.wrong)),
];

const RUN_COLUMNS = [
  column("instance", (run) => run.instance.name, null, false),
  column("dataset", (run) => run.dataset, null, false),
  column("method", (run) => run.method, null, false),
  column("VMs", (run) => run.vms, (run) => formatCount(run.vms)),
  column("outcome", (run) => run.outcome, null, false),
  column("cost", (run) => run.cost, (run) => formatValue(run.costText)),
  column("bound", (run) => run.bound, (run) => formatValue(run.boundText)),
  column("gap", (run) => run.gap, (run) => formatPercent(run.gap)),
  column("time", (run) => run.time, (run) => formatSeconds(run.time)),
  column("memory", (run) => run.memory, (run) => formatBytes(run.memory)),
  column("seed", (run) => run.seed, (run) => String(run.seed)),
];
/** Widths of the columns of runs, in shares. */
const RUN_WIDTHS = [22, 13, 14, 6, 10, 9, 9, 7, 8, 9, 5];

/** Rows in the order that a word such as `gap` or `-gap` asks for; as they come if it is none. */
function sorted(rows, columns, word) {
  const down = word.startsWith("-");
  const chosen = columns.find((candidate) => candidate.name === word.slice(down ? 1 : 0));
  if (!chosen) return rows;
  const keyed = rows.map((row, place) => [chosen.of(row), place, row]);
  keyed.sort((a, b) => compareValues(a[0], b[0], down) || a[1] - b[1]);
  return keyed.map((entry) => entry[2]);
}

/** The head of a table whose order is part of the state. */
function sortedHead(columns, word, change) {
  return element("thead", {}, element("tr", {}, columns.map((candidate) => {
    const { name } = candidate;
    const direction = word === name ? "ascending" : word === `-${name}` ? "descending" : null;
    const head = element("th", { scope: "col", class: candidate.numeric && "n", "aria-sort": direction });
    sortButton(head, name, () => {
      change(direction === "ascending" ? `-${name}` : name);
      // The head is a new one now.
      const again = [...document.querySelectorAll("th button")].find((button) => button.textContent === name && button.closest("table").id === head.dataset.table);
      again?.focus();
    });
    return head;
  })));
}

function withTableName(head, table) {
  for (const cell of head.rows[0].cells) cell.dataset.table = table.id;
  return head;
}

/** The summary of the runs that are shown. `only` narrows to a method, `highlight` marks its points. */
function makeSummary({ change, only, highlight }) {
  const table = byId("summary");
  return function show(runs, word) {
    const rows = sorted(summaries(runs), SUMMARY_COLUMNS, word);
    const body = element("tbody", {}, rows.map((row) => element(
      "tr",
      { onpointerenter: () => highlight(row.method), onpointerleave: () => highlight(null) },
      SUMMARY_COLUMNS.map(({ name, text, numeric }, place) => place
        ? element("td", { class: `${numeric ? "n" : ""} ${name === "wrong" && row.wrong ? "wrong" : ""}` }, text(row))
        : element("th", { scope: "row" }, element("button", {
          type: "button",
          title: `${row.method}: show its runs alone, or all again`,
          onclick: () => only(row.method),
          onfocus: () => highlight(row.method),
          onblur: () => highlight(null),
        }, text(row)))),
    )));
    table.replaceChildren(
      element("caption", { class: "unseen" }, "Methods, over the runs that are shown"),
      withTableName(sortedHead(SUMMARY_COLUMNS, word, change), table),
      body,
    );
  };
}

const ROW = 31;

/** The runs that are shown, in a window over rows of one height. */
function makeRunsTable({ change, open }) {
  const view = byId("runs-view");
  const table = byId("runs-table");
  let rows = [];
  let selected = "";
  let focused = 0;
  const body = element("tbody");
  const above = element("tr", { class: "room", "aria-hidden": "true" }, element("td", { colspan: RUN_COLUMNS.length }));
  const below = element("tr", { class: "room", "aria-hidden": "true" }, element("td", { colspan: RUN_COLUMNS.length }));
  let window_ = "";

  function fill(everything = false) {
    const count = everything ? Math.min(rows.length, 500) : Math.ceil((view.clientHeight || 480) / ROW) + 16;
    const first = everything ? 0 : Math.max(0, Math.min(rows.length - count, Math.floor(view.scrollTop / ROW) - 8));
    const last = Math.min(rows.length, first + count);
    const key = `${first} ${last}`;
    if (key === window_) return;
    window_ = key;
    const held = body.contains(document.activeElement);
    // One of the rows that exist can be reached by the keyboard.
    focused = Math.max(first, Math.min(last - 1, focused));
    above.firstChild.style.height = `${first * ROW}px`;
    below.firstChild.style.height = `${(everything ? 0 : rows.length - last) * ROW}px`;
    body.replaceChildren(above, ...rows.slice(first, last).map((run, offset) => row(run, first + offset)), below);
    if (held) rowAt(focused)?.focus({ preventScroll: true });
  }

  function row(run, place) {
    return element(
      "tr",
      {
        tabindex: place === focused ? 0 : -1,
        "aria-rowindex": place + 2,
        "aria-current": run.id === selected && "true",
        class: run.wrong && "wrong",
        "data-place": place,
      },
      RUN_COLUMNS.map(({ text, numeric }, at) => at
        ? element("td", { class: numeric && "n" }, text(run))
        : element("th", { scope: "row", title: text(run) }, text(run))),
    );
  }

  const rowAt = (place) => body.querySelector(`tr[data-place="${place}"]`);

  function focus(place) {
    focused = Math.min(rows.length - 1, Math.max(0, place));
    const top = focused * ROW;
    const room = view.clientHeight - 2 * ROW;
    if (top < view.scrollTop) view.scrollTop = top;
    if (top > view.scrollTop + room) view.scrollTop = top - room;
    window_ = "";
    fill();
    rowAt(focused)?.focus({ preventScroll: true });
  }

  view.addEventListener("scroll", () => fill(), { passive: true });
  body.addEventListener("click", (event) => {
    const place = event.target.closest("tr")?.dataset.place;
    if (place === undefined) return;
    focused = Number(place);
    open(rows[focused]);
  });
  body.addEventListener("keydown", (event) => {
    const page = Math.floor(view.clientHeight / ROW) - 2;
    const moves = { ArrowUp: focused - 1, ArrowDown: focused + 1, PageUp: focused - page, PageDown: focused + page, Home: 0, End: rows.length - 1 };
    if (event.key in moves) {
      event.preventDefault();
      focus(moves[event.key]);
    } else if (event.key === "Enter") {
      open(rows[focused]);
    }
  });
  addEventListener("beforeprint", () => fill(true));
  addEventListener("afterprint", () => {
    window_ = "";
    fill();
  });
  new ResizeObserver(() => fill()).observe(view);

  return function show(runs, word, run) {
    const now = sorted(runs, RUN_COLUMNS, word);
    const same = rows.length === now.length && rows.every((known, place) => known === now[place]);
    rows = now;
    selected = run;
    const place = rows.findIndex((known) => known.id === run);
    if (place >= 0) focused = place;
    else if (!same) focused = 0;
    const held = body.contains(document.activeElement);
    if (!same) view.scrollTop = 0;
    window_ = "";
    table.setAttribute("aria-rowcount", rows.length + 1);
    table.replaceChildren(
      element("caption", { class: "unseen" }, "Runs; Enter opens the one in focus"),
      element("colgroup", {}, RUN_WIDTHS.map((width) => {
        const col = element("col");
        col.style.width = `${width}%`;
        return col;
      })),
      withTableName(sortedHead(RUN_COLUMNS, word, change), table),
      body,
    );
    fill();
    if (held) rowAt(focused)?.focus({ preventScroll: true });
  };
}
