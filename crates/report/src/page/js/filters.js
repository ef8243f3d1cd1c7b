// The filters: one fold of check boxes per facet, bounds on the size, and words.

const FACET_TITLES = {
  family: "Family",
  dataset: "Dataset",
  class: "Class",
  method: "Method",
  kind: "Kind",
  outcome: "Outcome",
};

const kindPlace = (title) => Object.keys(SHAPES).indexOf(title);

/** Builds the filters of all runs; `change` is called with the facet, or nothing, whenever one of them does. */
function makeFilters(runs, state, change) {
  const form = byId("filters");
  const boxes = new Map();
  const folds = new Map();
  const wide = matchMedia("(min-width: 60rem)").matches;
  for (const facet of FACETS) {
    const values = [...new Set(runs.map((run) => run[facet]))];
    if (facet === "kind") values.sort((a, b) => kindPlace(a) - kindPlace(b));
    else if (facet !== "family") values.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    // What has one value alone filters nothing.
    if (values.length < 2) continue;
    const rows = values.map((value) => {
      const box = element("input", {
        type: "checkbox",
        name: facet,
        value,
        onchange: () => {
          state()[facet][box.checked ? "add" : "delete"](value);
          change();
        },
      });
      const count = element("span", { class: "tally" });
      const name = facet === "method" ? runs.find((run) => run.method === value).label : value;
      const row = element("label", { class: "choice", title: name !== value && value }, box, element("span", { class: "name" }, breakable(name)), count);
      boxes.set(`${facet} ${value}`, { facet, value, box, count, row });
      return row;
    });
    const chosen = element("span", { class: "chosen" });
    const fold = element(
      "details",
      { class: "facet", open: wide && (facet === "family" || facet === "kind" || facet === "outcome") },
      element("summary", {}, FACET_TITLES[facet], chosen),
      element("fieldset", {}, element("legend", { class: "unseen" }, FACET_TITLES[facet]), rows),
    );
    folds.set(facet, chosen);
    form.append(fold);
  }
  const bound = (name, label) => {
    const input = element("input", {
      type: "number",
      min: 0,
      step: 1,
      inputmode: "numeric",
      name,
      "aria-label": label,
      oninput: () => {
        state()[name] = input.value === "" ? null : Number(input.value);
        change(true);
      },
    });
    return input;
  };
  const [from, to] = [bound("from", "Least number of VMs"), bound("to", "Greatest number of VMs")];
  const sizes = runs.map((run) => run.vms);
  from.placeholder = formatCount(sizes.reduce((a, b) => Math.min(a, b), Infinity));
  to.placeholder = formatCount(sizes.reduce((a, b) => Math.max(a, b), 0));
  // Traces have no size.
  if (sizes.some((size) => size > 0)) form.append(element("div", { class: "size" }, element("span", {}, "VMs"), from, element("span", {}, "to"), to));

  const text = byId("text");
  text.addEventListener("input", () => {
    state().text = text.value;
    change(true);
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  /** Shows the state, and beside every choice how many runs it would show; what is being typed is left alone. */
  return function show(typing) {
    const now = state();
    const words = wordsOf(now);
    for (const facet of folds.keys()) {
      const counts = new Map();
      for (const run of runs) {
        if (isWanted(run, now, words, facet)) counts.set(run[facet], (counts.get(run[facet]) ?? 0) + 1);
      }
      for (const entry of boxes.values()) {
        if (entry.facet !== facet) continue;
        const count = counts.get(entry.value) ?? 0;
        entry.box.checked = now[facet].has(entry.value);
        entry.count.textContent = formatCount(count);
        entry.row.classList.toggle("empty", count === 0);
      }
      folds.get(facet).textContent = now[facet].size ? `${now[facet].size} chosen` : "";
    }
    if (typing) return;
    [from.value, to.value, text.value] = [now.from ?? "", now.to ?? "", now.text];
  };
}
