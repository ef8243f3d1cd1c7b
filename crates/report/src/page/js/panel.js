// The panel that tells of one run: what was asked, how it went, what it found, and who else tried.

/** What a certificate is, in words. */
const CERTIFICATES = {
  volume: "the total demand",
  "dual-feasible": "a dual feasible function",
  "dual-weights": "weights that no host outweighs",
  leaf: "weights of the whole instance",
  tree: "a search tree, leaf by leaf",
  prices: "prices of the constraints",
  "fits-nowhere": "a VM that fits nowhere",
  "stock-too-small": "too little stock",
  weights: "weights that the stock cannot hold",
};

/** Members of a record that the panel tells in other words; all others are listed as they are. */
const TOLD = new Set(["run", "instance_hash", "termination.kind", "answer.status", "answer.claimed_cost", "answer.lower_bound", "answer.certificate", "answer.judgement.cost", "answer.judgement.certified", "answer.judgement.notes", "measurement.wall_s", "measurement.cpu_s", "measurement.peak_rss_bytes", "limits.wall_s", "limits.cpu_s", "limits.memory_bytes", "limits.threads", "limits.work"]);

/** What an end of a run means, in a sentence; the kinds are those of records. */
const ENDS = {
  completed: "It answered and ended by itself within the limits.",
  timeout: "It was stopped at the time limit, or answered after it.",
  "out-of-memory": "It needed more memory than the limit.",
  crashed: "It was ended by a signal.",
  failed: "It ended with an error, or what it printed is no answer.",
};

const STATUSES = {
  optimal: "It claims that nothing is cheaper.",
  feasible: "It claims a solution, and no proof.",
  infeasible: "It claims that there is no solution.",
  unbounded: "It claims that the cost falls forever.",
  unknown: "It claims nothing.",
};

/** Makes the panel; `details` unpacks records and packings when they are first wanted. */
function makePanel({ details, go, close, neighbours }) {
  const panel = byId("panel");
  let opener = null;
  let at = 0;

  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });

  // Browsers close modal dialogs themselves.
  panel.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });

  async function show(run) {
    if (!panel.open) {
      opener = document.activeElement;
      // Where it covers everything, nothing beneath it can be reached.
      if (matchMedia("(max-width: 44rem)").matches) panel.showModal();
      else panel.show();
      document.documentElement.classList.add("beside");
    }
    const turn = ++at;
    const { before, after } = neighbours(run);
    const step = (to, sign, label) => element("button", { type: "button", "aria-label": label, title: label, disabled: !to, onclick: () => go(to) }, sign);
    const title = element("h2", { id: "panel-title", tabindex: -1 }, `${run.label} on ${run.instance.name}`, element("small", {}, [run.dataset, run.class === "none" ? null : run.class, run.kind, run.seed ? `seed ${run.seed}` : null, repetitionName(run)].filter(Boolean).join(" \u00b7 ")));
    const body = element("div", { class: "panel-body" }, element("p", { class: "soft" }, "Unpacking\u2026"));
    panel.replaceChildren(
      element("div", { class: "panel-head" }, title, step(before, "\u2191", "The run before"), step(after, "\u2193", "The next run"), element("button", { type: "button", "aria-label": "Close", title: "Close (Escape)", onclick: close }, "\u2715")),
      body,
    );
    panel.scrollTop = 0;
    title.focus({ preventScroll: true });
    const { records, packings } = await details();
    // Somebody may have gone on meanwhile.
    if (turn !== at) return;
    body.replaceChildren(...runView(run, records[run.at], packings, go, panel.clientWidth - 48).filter(Boolean));
    reachScrollers(body);
    panel.dataset.run = run.id;
  }

  function hide() {
    if (!panel.open) return;
    at++;
    panel.close();
    document.documentElement.classList.remove("beside");
    delete panel.dataset.run;
    panel.replaceChildren();
    // What opened it may be gone, as rows are that were drawn anew; and without it, it was opened by the address.
    const back = opener?.isConnected && opener !== document.body ? opener : document.querySelector("#runs-table tr[tabindex='0']");
    (back ?? document.querySelector("#scatter canvas")).focus({ preventScroll: true });
  }
  return { show, hide };
}

function runView(run, record, packings, go, width) {
  const { answer } = record;
  return [
    badges(run, record),
    headline(run),
    sentences(run, record),
    ...trajectory(run, answer, width),
    ...seriesView(record.series, width),
    ...packingPart(record, packings, width),
    ...metrics(answer),
    element("h3", {}, "Instance"),
    list(instanceFacts(run.instance, record)),
    element("h3", {}, "Run"),
    list(runFacts(run, record)),
    ...counters(answer),
    otherRuns(run, go),
    rest(record),
  ];
}

function badges(run, record) {
  const badge = (text, look = "") => element("span", { class: `badge ${look}` }, text);
  const verdict = record.answer?.judgement.verdict;
  return element(
    "div",
    { class: "badges" },
    badge(run.outcome, run.wrong ? "bad" : run.proved ? "good" : run.answered ? "" : "warn"),
    verdict ? badge(`judged ${run.verdict}`, run.correct ? "good" : run.wrong ? "bad" : "warn") : null,
    run.certified ? badge("bound certified", "good") : null,
    run.gap === 0 ? badge("best known cost", "good") : null,
  );
}

function headline(run) {
  const figure = (text, name) => element("div", {}, element("strong", {}, text), name);
  const figures = [];
  if (run.costText !== null) figures.push(figure(formatValue(run.costText), run.verified ? "cost" : "cost, as claimed"));
  if (run.boundText !== null) figures.push(figure(formatValue(run.boundText), "lower bound"));
  if (run.gap !== null) figures.push(figure(formatPercent(run.gap), "gap to best known"));
  if (run.metric !== null) figures.push(figure(formatNumber(run.metric), readable(run.metricName)));
  if (run.repetitions > 1) figures.push(figure(formatSeconds(run.medianTime), `median of ${run.repetitions} repetitions`));
  figures.push(figure(formatSeconds(run.time), clockName), figure(formatBytes(run.memory), "peak memory"));
  return element("div", { class: "figures" }, figures);
}

function sentences(run, { termination, answer }) {
  const words = [ENDS[termination.kind] ?? `It ended: ${termination.kind}.`];
  if (termination.signal !== undefined) words.push(`The signal was ${termination.signal}.`);
  if (termination.message) words.push(`It said: ${termination.message}`);
  if (answer && run.family !== "replay") {
    words.push(STATUSES[answer.status] ?? `It claims: ${answer.status}.`);
    if (answer.certificate) words.push(`The bound came with a certificate (${CERTIFICATES[answer.certificate] ?? answer.certificate}), which the judge ${run.certified ? "derived again" : "did not confirm"}.`);
    else if (run.boundText !== null) words.push("The bound came without a certificate.");
  }
  if (run.wrong) words.push("It is left out of every statistic.");
  words.push(...(answer?.judgement.notes ?? []).map((note) => `The judge notes: ${note}.`));
  return element("p", {}, words.join(" "));
}

function trajectory(run, answer, width) {
  const path = answer?.trajectory;
  if (!path || run.family === "replay") return [];
  const steps = (column) => {
    const points = [];
    path.seconds.forEach((at, place) => {
      const value = toNumber(column[place]);
      if (value !== null && points.at(-1)?.[1] !== value) points.push([at, value]);
    });
    if (points.length) points.push([Math.max(run.wall, points.at(-1)[0]), points.at(-1)[1]]);
    return points;
  };
  const lines = [
    { name: "cost", colour: "var(--cost)", points: steps(path.cost), steps: true },
    { name: "bound", colour: "var(--bound)", points: steps(path.bound), steps: true },
  ].filter((line) => line.points.length);
  const title = element("h3", {}, "Trajectory");
  if (!lines.length) return [title, element("p", { class: "soft" }, "It reported nothing on the way.")];
  const said = lines.map((line) => `${line.name} from ${formatValue(line.points[0][1])} to ${formatValue(line.points.at(-1)[1])}`).join(", ");
  const thinned = path.of > path.seconds.length ? ` ${path.seconds.length} of its ${path.of} improvements are drawn.` : "";
  return [
    title,
    element("div", { class: "legend" }, lines.map((line) => element("span", {}, element("i", { class: line.name }), line.name === "bound" ? "lower bound" : "cost"))),
    element("div", { class: "picture" }, lineChart({ width: Math.max(300, width), height: 210, lines, xTitle: "wall time", yTitle: "", xFormat: formatSeconds, yFormat: formatValue, describe: `Over time: ${said}` })),
    element("p", { class: "soft" }, `Over ${formatSeconds(run.wall)}: ${said}.${thinned}`),
  ];
}

/** The time series of a replay, one small chart each. */
function seriesView(series, width) {
  if (!series?.time_s) return [];
  const hours = series.time_s.map((seconds) => seconds / 3600);
  const names = Object.keys(series).filter((name) => name !== "time_s");
  const isConstant = (name) => series[name].every((value) => value === series[name][0]);
  const constant = names.filter(isConstant).map((name) => `${readable(name)} ${formatNumber(series[name][0])}`);
  return [
    element("h3", {}, "Over time"),
    ...names.filter((name) => !isConstant(name)).map((name) => {
      const points = series[name].map((value, place) => [hours[place], value]);
      const title = readable(name);
      const [least, greatest] = extent(series[name]);
      return element("div", { class: "picture" }, lineChart({
        width: Math.max(300, width), height: 150, xTitle: "hours", yTitle: title, xFormat: formatNumber, yFormat: formatNumber,
        lines: [{ name, colour: "var(--cost)", points }],
        describe: `${title} over time, from ${formatNumber(least)} to ${formatNumber(greatest)}`,
      }));
    }),
    constant.length ? element("p", { class: "soft" }, `All the time: ${constant.join(", ")}.`) : null,
  ];
}

function packingPart(record, packings, width) {
  const solution = packings.solutions[record.run];
  const instance = packings.instances[record.instance_hash];
  if (!solution || !instance) {
    if (record.answer?.judgement.cost === null || record.answer === null || record.replay) return [];
    const why = packings.left_out
      ? `Not in this page: ${plural(packings.left_out, "solution")} of the experiment had no room, or no instance beside them.`
      : "The experiment kept no solution of this run (solutions = \"all\" keeps them).";
    return [element("h3", {}, "Packing"), element("p", { class: "soft" }, why)];
  }
  return [element("h3", {}, instance.family === "packing" ? "Packing" : "Allocation"), ...packingView(readPacking(instance, solution), width).filter(Boolean)];
}

const list = (facts) => element("dl", {}, facts.filter(([, text]) => text !== null && text !== "").map(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));

function instanceFacts(instance, record) {
  const reference = instance.reference === null
    ? "none"
    : `${formatValue(instance.reference)}, ${instance.proved ? "proved optimal" : `not proved${instance.referenceBound === null ? "" : `, at least ${formatValue(instance.referenceBound)}`}`} (${instance.source})`;
  const facts = [["name", instance.name], ["dataset", instance.dataset], ["class", instance.class]];
  if (instance.family === "replay") facts.push(["kind of replay", record.replay?.kind ?? ""], ...Object.entries(record.replay?.settings ?? {}).map(([name, value]) => [readable(name), plain(value)]));
  else {
    facts.push(
      ["VMs", instance.vmTypes === instance.vms ? formatCount(instance.vms) : `${formatCount(instance.vms)} of ${plural(instance.vmTypes, "type")}`],
      [instance.family === "packing" ? "types of hosts" : "hosts", formatCount(instance.hosts)],
      ["resources", formatCount(instance.resources)],
      ["services", instance.services ? formatCount(instance.services) : null],
      ["rules", record.rules ? record.rules.forms.join(", ") : null],
      ["reference", reference],
      ["best known cost", formatValue(instance.known)],
    );
  }
  facts.push(["content hash", record.instance_hash]);
  return facts;
}

function runFacts(run, record) {
  const { limits, measurement } = record;
  const asked = [`${formatSeconds(limits.wall_s)} wall`, limits.cpu_s && `${formatSeconds(limits.cpu_s)} CPU`, limits.memory_bytes && formatBytes(limits.memory_bytes), limits.work && `${formatCount(limits.work)} units of work`, plural(limits.threads, "thread")];
  return [
    ["id", record.run],
    ["method", `${run.method} (${run.kind})`],
    ["limits", asked.filter(Boolean).join(", ")],
    ["wall time", `${formatSeconds(run.wall)} solving, ${formatSeconds(measurement.process_wall_s)} the whole process`],
    ["CPU time", `${formatSeconds(run.cpu)} solving, ${formatSeconds(measurement.process_cpu_s)} the whole process`],
    ["load at the start", `${formatNumber(measurement.load)}, taken off a core ${plural(measurement.involuntary_switches, "time")}`],
  ];
}

function counters(answer) {
  const entries = Object.entries(answer?.counters ?? {});
  return entries.length ? [element("h3", {}, "Counters"), list(entries.map(([name, value]) => [readable(name.replaceAll("-", " ")), formatNumber(value)]))] : [];
}

function metrics(answer) {
  const entries = Object.entries(answer?.metrics ?? {});
  if (!entries.length) return [];
  const derived = new Set(answer.derived ?? []);
  return [
    element("h3", {}, "What it measured"),
    element("div", { class: "scroll others" }, element(
      "table",
      {},
      element("caption", { class: "unseen" }, "What the replay measured"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "metric"), element("th", { scope: "col", class: "n" }, "value"), element("th", { scope: "col" }, "derived again by the judge"))),
      element("tbody", {}, entries.map(([name, { value, unit }]) => element("tr", {}, element("th", { scope: "row" }, readable(name)), element("td", { class: "n" }, `${formatNumber(value)} ${unit}`.trim()), element("td", {}, derived.has(name) ? "yes" : "")))),
    )),
  ];
}

/** A run among those of its instance. */
const nameOf = (run) => [run.label, run.seed ? `seed ${run.seed}` : null, repetitionName(run)].filter(Boolean).join(", ");

/** Everybody else on the same content, cheapest first. */
function otherRuns(run, go) {
  const others = allRuns.filter((other) => other.instance.content === run.instance.content && other.family === run.family);
  const rows = sorted(others, run.family === "replay" ? [column("metric", (other) => other.metric)] : RUN_COLUMNS, run.family === "replay" ? "metric" : "gap");
  return element(
    "div",
    {},
    element("h3", {}, run.family === "replay" ? "Policies on the same trace" : "Everybody on this instance"),
    element("div", { class: "scroll others" }, element(
      "table",
      {},
      element("caption", { class: "unseen" }, "Other runs"),
      element("thead", {}, element("tr", {}, ["method", "outcome", run.family === "replay" ? readable(run.metricName) : "cost", "gap", "time"].map((head, at) => element("th", { scope: "col", class: at > 1 && "n" }, head)))),
      element("tbody", {}, rows.map((other) => element(
        "tr",
        { "aria-current": other === run && "true", class: other.wrong && "wrong" },
        element("th", { scope: "row" }, other === run ? nameOf(other) : element("button", { type: "button", onclick: () => go(other) }, nameOf(other))),
        element("td", {}, other.outcome),
        element("td", { class: "n" }, run.family === "replay" ? formatNumber(other.metric) : formatValue(other.costText)),
        element("td", { class: "n" }, formatPercent(other.gap)),
        element("td", { class: "n" }, formatSeconds(other.time)),
      ))),
    )),
  );
}

const plain = (value) => (typeof value === "string" ? value : Array.isArray(value) && value.every((item) => typeof item !== "object") ? value.join(", ") : JSON.stringify(value));

/** Every other member of the record, under its own name. */
function rest(record) {
  const facts = [];
  const collect = (value, name) => {
    if (value === null || value === "" || TOLD.has(name) || ["series", "answer.trajectory", "answer.counters", "answer.metrics", "answer.derived", "rules", "replay"].includes(name)) return;
    if (typeof value === "object" && !Array.isArray(value)) for (const [member, inner] of Object.entries(value)) collect(inner, name ? `${name}.${member}` : member);
    else if (!(Array.isArray(value) && !value.length)) facts.push([name, plain(value)]);
  };
  collect(record, "");
  return element("details", {}, element("summary", {}, "The rest of the record"), list(facts));
}
