// What is shown: filters, axes, order, and the run that is open. All of it is in the address, after `#`.

const FACETS = ["family", "dataset", "class", "method", "kind", "outcome"];

const blankState = () => ({
  ...Object.fromEntries(FACETS.map((facet) => [facet, new Set()])),
  from: null,
  to: null,
  text: "",
  points: "runs",
  x: "time",
  y: "auto",
  sort: "",
  methods: "",
  run: "",
});

/** Everything that differs from the beginning, as an address holds it. */
function writeState(state) {
  const words = new URLSearchParams();
  for (const facet of FACETS) for (const value of [...state[facet]].sort()) words.append(facet, value);
  const blank = blankState();
  for (const name of ["from", "to", "text", "points", "x", "y", "sort", "methods", "run"]) {
    if (state[name] !== blank[name]) words.set(name, state[name]);
  }
  return words.toString();
}

/** The state in an address; a plain anchor such as `#packing` holds none. */
function readState(hash) {
  const state = blankState();
  if (!hash.includes("=")) return state;
  const words = new URLSearchParams(hash.slice(1));
  for (const facet of FACETS) state[facet] = new Set(words.getAll(facet));
  const number = (name) => (words.get(name) && isNumber(Number(words.get(name))) ? Number(words.get(name)) : null);
  [state.from, state.to] = [number("from"), number("to")];
  for (const name of ["text", "points", "x", "y", "sort", "methods", "run"]) state[name] = words.get(name) ?? state[name];
  return state;
}

/** Whether a run is wanted; `except` names a facet that does not count. */
function isWanted(run, state, words, except) {
  for (const facet of FACETS) {
    if (facet !== except && state[facet].size && !state[facet].has(run[facet])) return false;
  }
  if (state.from !== null && run.vms < state.from) return false;
  if (state.to !== null && run.vms > state.to) return false;
  return words.every((word) => run.text.includes(word));
}

/** What a picture of no run says: what is wanted that no run has, or that all of it together is too much. */
function whyNothing(state, runs) {
  const unknown = FACETS.flatMap((facet) => [...state[facet]].filter((value) => !runs.some((run) => run[facet] === value)).map((value) => `${facet} ${value}`));
  return unknown.length ? `No run has the ${unknown.join(" or the ")}.` : "No run meets all filters.";
}

const wordsOf = (state) => state.text.toLowerCase().split(/\s+/).filter(Boolean);
