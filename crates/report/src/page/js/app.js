// Puts the parts together: unpacks the runs, keeps the state and the address in step, and shows what is wanted.

let allRuns = [];

/** The theme: that of the system until somebody chooses. */
function startTheme(changed) {
  const button = byId("theme");
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    changed();
  };
  try {
    const chosen = localStorage.getItem("vmpack-theme");
    if (chosen) document.documentElement.dataset.theme = chosen;
  } catch {
    // Where nothing can be kept, the choice lasts as long as the page.
  }
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("vmpack-theme", theme);
    } catch {
      // As above.
    }
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
}

async function startExplorer() {
  const columns = await unpack("data-runs");
  clockName = columns.clock_name;
  allRuns = readRuns(columns);
  let state = readState(location.hash);
  let shown = [];
  let details = null;
  const unpackDetails = () => (details ??= Promise.all([unpack("data-records"), unpack("data-packings")]).then(([records, packings]) => ({ records, packings })));
  const find = (id) => allRuns.find((run) => run.id === id);
  const inOrder = () => sorted(shown, RUN_COLUMNS, state.sort);
  const subject = () => SUBJECTS[state.points];

  /** Follows a change of the state: shows it, and puts it into the address, as a step to go back to unless it is typed. */
  function change(typing = false) {
    const hash = writeState(state);
    const address = hash ? `#${hash}` : location.pathname + location.search;
    if (hash !== (location.hash.includes("=") ? location.hash.slice(1) : "")) history[typing ? "replaceState" : "pushState"](null, "", address);
    show(typing);
  }

  const open = (run) => {
    state.run = run.id;
    change();
  };
  const close = () => {
    state.run = "";
    change();
  };
  const openPoint = (item) => {
    if (subject() === SUBJECTS.runs) {
      open(item);
      return;
    }
    state.method = new Set([item.method]);
    state.points = "runs";
    change();
    announce(`The runs of ${item.label}`);
  };
  const scatter = makeScatter(columns.kinds, openPoint);
  const showFilters = makeFilters(allRuns, () => state, change);
  const showSummary = makeSummary({
    change: (word) => {
      state.methods = word;
      change();
    },
    only: (method) => {
      const alone = state.method.size === 1 && state.method.has(method);
      state.method = new Set(alone ? [] : [method]);
      change();
    },
    highlight: (method) => scatter.show({ highlight: method }),
  });
  const showRuns = makeRunsTable({
    change: (word) => {
      state.sort = word;
      change();
    },
    open,
  });
  const panel = makePanel({
    details: unpackDetails,
    go: open,
    close,
    neighbours: (run) => {
      const order = inOrder();
      const place = order.indexOf(run);
      return { before: order[place - 1], after: place < 0 ? undefined : order[place + 1] };
    },
  });

  /** The measures across and upwards: chosen, or else what the items have. */
  function axes(items) {
    const { measures } = subject();
    const has = (name) => items.some((item) => measures[name].of(item) !== null);
    return {
      x: state.x in measures ? state.x : "time",
      y: state.y in measures ? state.y : has("gap") || !has("metric") ? "gap" : "metric",
    };
  }

  /** Offers the measures that there are, but no clock that is the time of the report anyway. */
  function showAxes(items, { x, y }) {
    const { measures } = subject();
    const has = (name) => items.some((item) => measures[name].of(item) !== null && measures[name].of(item) !== 0);
    const names = Object.keys(measures).filter((name) => name === x || name === y || (has(name) && name !== columns.clock));
    const options = (chosen) => names.map((name) => element("option", { value: name, selected: name === chosen }, measures[name].short ?? measures[name].title(items)));
    byId("y-axis").replaceChildren(...options(y));
    byId("x-axis").replaceChildren(...options(x));
    for (const button of document.querySelectorAll("#points button")) button.setAttribute("aria-pressed", String(button.value === state.points));
  }

  let last = "";
  function show(typing = false) {
    const words = wordsOf(state);
    if (!(state.points in SUBJECTS)) state.points = "runs";
    // Opening a run changes nothing about which are shown.
    const { run: _, ...filters } = { ...state };
    const key = JSON.stringify(filters, (__, value) => (value instanceof Set ? [...value] : value));
    if (key !== last) {
      shown = allRuns.filter((run) => isWanted(run, state, words));
      showFilters(typing);
      const methods = summaries(shown);
      showSummary(methods, state.methods);
      const items = state.points === "runs" ? shown : methods;
      const chosen = axes(items);
      showAxes(items, chosen);
      scatter.show({ subject: subject(), items, nothing: whyNothing(state, allRuns), ...chosen, selected: state.run });
      byId("count").textContent = shown.length === allRuns.length ? `All ${plural(shown.length, "run")}` : `${formatCount(shown.length)} of ${plural(allRuns.length, "run")}`;
      byId("reset").hidden = shown.length === allRuns.length;
      last = key;
    } else {
      scatter.show({ selected: state.run });
    }
    showRuns(shown, state.sort, state.run);
    const run = find(state.run);
    if (run) panel.show(run);
    else panel.hide();
  }

  for (const axis of ["x", "y"]) {
    byId(`${axis}-axis`).addEventListener("change", (event) => {
      state[axis] = event.target.value;
      change();
    });
  }
  for (const button of document.querySelectorAll("#points button")) {
    button.addEventListener("click", () => {
      state.points = button.value;
      change();
    });
  }
  byId("reset").addEventListener("click", () => {
    state = { ...blankState(), points: state.points, x: state.x, y: state.y, sort: state.sort, methods: state.methods, run: state.run };
    change();
    byId("text").focus();
  });
  addEventListener("popstate", () => {
    // A plain anchor is a place in the page, and no state.
    if (location.hash && !location.hash.includes("=")) return;
    state = readState(location.hash);
    show();
  });
  startTheme(() => {
    scatter.redraw();
    if (state.run && find(state.run)) panel.show(find(state.run));
  });
  show();
  if (location.hash.includes("=")) byId("explore").scrollIntoView({ behavior: "instant" });
  // For whoever measures how long it took.
  document.documentElement.dataset.ready = Math.round(performance.now());
}

document.documentElement.classList.add("running");
document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
reachScrollers(document);
if (byId("explore")) {
  startExplorer().catch((error) => {
    byId("count").textContent = `The runs cannot be unpacked here: ${error.message}. A newer browser can; the tables below need none.`;
    throw error;
  });
} else {
  startTheme(() => {});
}
