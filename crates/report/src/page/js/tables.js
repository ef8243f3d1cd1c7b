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

/**
 * A column: its name, which orders name too, value to sort by, text, and whether it is a number; `share` of the width, `title`
 * where the heading depends on the rows, and `full` where the text is short for it.
 */
function column(name, of, text, { numeric = true, share = 8, title = () => name, full } = {}) {
  text ??= (row) => of(row) ?? DASH;
  return { name, of, text, numeric, share, title, full: full ?? text };
}
const textual = { numeric: false };

const SUMMARY_COLUMNS = [
  column("method", (row) => row.label, null, textual),
  column("kind", (row) => row.kind, null, textual),
  column("runs", (row) => row.runs, (row) => formatCount(row.runs)),
  column("instances", (row) => row.instances, (row) => formatCount(row.instances)),
  column("answered", (row) => row.answered, (row) => formatCount(row.answered)),
  column("proved", (row) => row.proved, (row) => formatCount(row.proved)),
  column("certified", (row) => row.certified, (row) => formatCount(row.certified)),
  column("mean gap", (row) => row.gap, (row) => formatPercent(row.gap)),
  column("best cost", (row) => row.best, (row) => `${formatCount(row.best)} of ${formatCount(row.instances)}`),
  column("metric", (row) => row.metric, (row) => formatNumber(row.metric), { title: (rows) => `${metricTitle(rows) ?? "metric"}, median` }),
  column("time, 10\u00a0ms", (row) => row.sgm10ms, (row) => formatSeconds(row.sgm10ms)),
  column("PAR-2", (row) => row.par2, (row) => formatSeconds(row.par2)),
  column("memory", (row) => row.memory, (row) => formatBytes(row.memory)),
  column("wrong", (row) => row.wrong, (row) => formatCount(row.wrong)),
  column("best trade-off", (row) => (row.unbeaten ? "yes" : null), (row) => (row.unbeaten ? "yes" : ""), textual),
];

const RUN_COLUMNS = [
  column("instance", (run) => run.instance.name, null, { ...textual, share: 22 }),
  column("dataset", (run) => (run.dataset === run.instance.name ? null : run.dataset), (run) => run.dataset, { ...textual, share: 13 }),
  column("method", (run) => run.label, null, { ...textual, share: 24, full: (run) => run.method }),
  column("VMs", (run) => run.vms || null, (run) => formatCount(run.vms), { share: 6 }),
  column("outcome", (run) => run.outcome, null, { ...textual, share: 10 }),
  column("cost", (run) => run.cost, (run) => formatValue(run.costText), { share: 9 }),
  column("bound", (run) => run.bound, (run) => formatValue(run.boundText), { share: 9 }),
  column("gap", (run) => run.gap, (run) => formatPercent(run.gap), { share: 7 }),
  column("metric", (run) => run.metric, (run) => formatNumber(run.metric), { share: 9, title: (runs) => metricTitle(runs) ?? "metric" }),
  column("time", (run) => run.time, (run) => formatSeconds(run.time)),
  column("memory", (run) => run.memory, (run) => formatBytes(run.memory), { share: 9 }),
  column("seed", (run) => run.seed, (run) => String(run.seed), { share: 6 }),
  column("repetition", (run) => (run.repetitions > 1 ? run.repetition : null), (run) => (run.repetitions > 1 ? `${run.repetition + 1} of ${run.repetitions}` : DASH), { share: 8, title: () => "repe\u00adtition" }),
  column("median time", (run) => run.medianTime, (run) => formatSeconds(run.medianTime), { share: 8 }),
];

/** The columns that tell something of some row. */
const filled = (columns, rows) => (rows.length ? columns.filter(({ of }) => rows.some((row) => of(row) !== null)) : columns);

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
function sortedHead(table, columns, rows, word, change) {
  return element("thead", {}, element("tr", {}, columns.map(({ name, numeric, title }) => {
    const direction = word === name ? "ascending" : word === `-${name}` ? "descending" : null;
    const head = element("th", { scope: "col", class: numeric && "n", "aria-sort": direction, "data-name": name });
    sortButton(head, title(rows), () => {
      change(direction === "ascending" ? `-${name}` : name);
      // The head is a new one now.
      [...table.querySelectorAll("th[data-name]")].find((cell) => cell.dataset.name === name)?.firstChild.focus();
    });
    return head;
  })));
}

/** The summary of the runs that are shown. `only` narrows to a method, `highlight` marks its points. */
function makeSummary({ change, only, highlight }) {
  const table = byId("summary");
  return function show(methods, word) {
    const rows = sorted(methods, SUMMARY_COLUMNS, word);
    const columns = filled(SUMMARY_COLUMNS, rows);
    const heading = (row) => element("th", { scope: "row" }, element("button", {
      type: "button",
      title: `${row.method}: show its runs alone, or all again`,
      onclick: () => only(row.method),
      onfocus: () => highlight(row.method),
      onblur: () => highlight(null),
    }, breakable(row.label)));
    // The figures as they are, too, for whoever takes them from the page.
    const cell = (row, { name, of, text, numeric }) => {
      const value = of(row);
      const shown = value === null && numeric ? DASH : text(row);
      return element("td", { class: `${numeric ? "n" : ""} ${name === "wrong" && row.wrong ? "wrong" : ""}` }, numeric && value !== null ? element("data", { value }, shown) : shown);
    };
    const body = element("tbody", {}, rows.map((row) => element(
      "tr",
      { onpointerenter: () => highlight(row.method), onpointerleave: () => highlight(null) },
      heading(row),
      columns.slice(1).map((of) => cell(row, of)),
    )));
    table.replaceChildren(
      element("caption", { class: "unseen" }, "Methods, over the runs that are shown"),
      sortedHead(table, columns, rows, word, change),
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
  const above = element("tr", { class: "room", "aria-hidden": "true" }, element("td"));
  const below = element("tr", { class: "room", "aria-hidden": "true" }, element("td"));
  let window_ = "";
  let columns = RUN_COLUMNS;

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
    for (const room of [above, below]) room.firstChild.colSpan = columns.length;
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
      columns.map(({ text, numeric, full }, at) => at
        ? element("td", numeric ? { class: "n" } : { title: full(run) }, text(run))
        : element("th", { scope: "row", title: full(run) }, text(run))),
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
    columns = filled(RUN_COLUMNS, rows);
    const whole = columns.reduce((sum, { share }) => sum + share, 0);
    selected = run;
    const place = rows.findIndex((known) => known.id === run);
    if (place >= 0) focused = place;
    else if (!same) focused = 0;
    const held = body.contains(document.activeElement);
    if (!same) view.scrollTop = 0;
    window_ = "";
    // Room for the longest word of each heading.
    table.style.minWidth = `${whole / 2}rem`;
    table.setAttribute("aria-rowcount", rows.length + 1);
    table.replaceChildren(
      element("caption", { class: "unseen" }, "Runs; Enter opens the one in focus"),
      element("colgroup", {}, columns.map(({ share }) => {
        const col = element("col");
        col.style.width = `${(100 * share) / whole}%`;
        return col;
      })),
      sortedHead(table, columns, rows, word, change),
      body,
    );
    fill();
    if (held) rowAt(focused)?.focus({ preventScroll: true });
  };
}
