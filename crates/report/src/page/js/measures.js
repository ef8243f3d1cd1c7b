// What a point can be, what axes can show of it, and how points of a kind look.

let clockName = "time";

/**
 * Of a run. `knee` makes a scale that is linear from zero to there, `auto` one that is linear unless the values are far apart;
 * `short` is what the choice of axes says, if not the title.
 */
const RUN_MEASURES = {
  time: { title: () => clockName, of: (run) => run.time, format: formatSeconds, scale: "log" },
  gap: { title: () => "gap to best known cost", short: "gap", of: (run) => run.gap, format: formatPercent, knee: 0.001 },
  cost: { title: () => "cost", of: (run) => (run.verified ? run.cost : null), format: formatNumber, scale: "log" },
  metric: { title: (runs) => metricTitle(runs) ?? "what policies are compared by", of: (run) => run.metric, format: formatNumber, scale: "auto" },
  memory: { title: () => "peak memory", of: (run) => run.memory, format: formatBytes, scale: "bytes" },
  wall: { title: () => "wall time", of: (run) => run.wall, format: formatSeconds, scale: "log" },
  cpu: { title: () => "CPU time", of: (run) => run.cpu, format: formatSeconds, scale: "log" },
  vms: { title: () => "number of VMs", of: (run) => run.vms, format: formatNumber, scale: "log" },
};

/** Of a method over the runs that are shown: figures of its summary, of all of which less is better. */
const METHOD_MEASURES = {
  time: { title: () => `${clockName}, shifted geometric mean`, short: "mean time", of: (row) => row.sgm10ms, format: formatSeconds, scale: "log" },
  gap: { title: () => "mean gap to best known cost", short: "mean gap", of: (row) => row.gap, format: formatPercent, knee: 0.001 },
  metric: { title: (rows) => `${metricTitle(rows) ?? "what policies are compared by"}, median`, of: (row) => row.metric, format: formatNumber, scale: "auto" },
  par2: { title: () => `${clockName}, PAR-2`, of: (row) => row.par2, format: formatSeconds, scale: "log" },
  memory: { title: () => "peak memory", of: (row) => row.memory, format: formatBytes, scale: "bytes" },
};

/** What points are, by the word in the address. Items have `id`, `at` (their order), `method`, `kind` and `family`. */
const SUBJECTS = {
  runs: {
    noun: "run",
    measures: RUN_MEASURES,
    help: "Enter opens the run. The table of runs below holds the same.",
    describe: (run) => [[run.instance.name, repetitionName(run)].filter(Boolean).join(", "), run.outcome],
  },
  methods: {
    noun: "method",
    measures: METHOD_MEASURES,
    help: "Enter shows the runs of the method. The table of methods below holds the same.",
    describe: (row) => [`answered ${formatCount(row.answered)} of ${plural(row.everything, "instance")}`, null],
  },
};

/** What policies are compared by, if all of them by the same. */
function metricTitle(items) {
  const names = [...new Set(items.map((item) => item.metricName).filter(Boolean))];
  return names.length === 1 ? readable(names[0]) : null;
}

/** The scale of a measure over values. */
function scaleOf(measure, values) {
  if (measure.knee) return kneeScale(values, measure.knee);
  const [least, greatest] = extent(values);
  const farApart = least > 0 && greatest > 50 * least;
  return (measure.scale === "auto" ? farApart : values.some((value) => value > 0)) ? logScale(values, measure.scale === "bytes") : linearScale(values);
}

/** A value at a tick, without the zeros that figures of one length have. */
const tickLabel = (measure, tick) => (measure.format === formatPercent ? `${significant(100 * tick, 3)} %` : measure.format(tick));

/** Shapes of kinds, the same as in the figures. */
const SHAPES = {
  Greedy: "circle",
  Policies: "plus",
  "Dynamic programming": "square",
  "Linear programming": "triangle",
  "Column generation": "diamond",
  "Local search": "triangle-down",
  "External programs": "pentagon",
};

const CORNERS = {
  plus: [[-0.4, -1.1], [0.4, -1.1], [0.4, -0.4], [1.1, -0.4], [1.1, 0.4], [0.4, 0.4], [0.4, 1.1], [-0.4, 1.1], [-0.4, 0.4], [-1.1, 0.4], [-1.1, -0.4], [-0.4, -0.4]],
  square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  triangle: [[0, -1.15], [1.05, 0.75], [-1.05, 0.75]],
  "triangle-down": [[0, 1.15], [1.05, -0.75], [-1.05, -0.75]],
  diamond: [[0, -1.2], [1.1, 0], [0, 1.2], [-1.1, 0]],
  pentagon: [0, 1, 2, 3, 4].map((k) => [1.1 * Math.sin(k * 1.2566), -1.1 * Math.cos(k * 1.2566)]),
};

/** The outline of a point on a canvas. */
function tracePoint(pen, shape, x, y, size) {
  pen.beginPath();
  const corners = CORNERS[shape];
  if (!corners) pen.arc(x, y, size, 0, 2 * Math.PI);
  else {
    corners.forEach(([dx, dy], place) => pen[place ? "lineTo" : "moveTo"](x + dx * size, y + dy * size));
    pen.closePath();
  }
}

/** The key under the picture: what shapes and colours, hollow points and the line mean. */
function legendEntries({ kinds, colours, hollow, front }) {
  const sign = (...drawn) => drawing("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, drawn);
  const point = (shape, paint) => {
    const corners = CORNERS[shape];
    return corners
      ? drawing("polygon", { points: corners.map(([x, y]) => `${7 + 5 * x},${7 + 5 * y}`).join(" "), ...paint })
      : drawing("circle", { cx: 7, cy: 7, r: 5, ...paint });
  };
  const soft = { fill: "none", stroke: "currentColor", "stroke-width": 1.6 };
  const entry = (picture, text) => element("li", {}, picture, text);
  return [
    ...Object.keys(SHAPES).filter((title) => kinds.has(title)).map((title) => entry(sign(point(SHAPES[title], { fill: colours[title] })), title)),
    hollow ? entry(sign(point("circle", soft)), "not every instance answered") : null,
    front ? entry(sign(drawing("path", { d: "M1 3H7V11H13", ...soft })), "best trade-offs") : null,
  ].filter(Boolean);
}
