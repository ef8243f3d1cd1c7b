// The statistics of the static tables, again over the runs that are shown. METHODOLOGY.md defines them.

/** The gap of Berthold (2013) between a cost and the best known one, from 0 to 1. */
function gapTo(value, reference) {
  if (value === reference) return 0;
  if (value * reference < 0) return 1;
  return Math.abs(reference - value) / Math.max(Math.abs(reference), Math.abs(value));
}

const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);

/** The mean of what every run has; null as soon as one has not. */
const meanIfAll = (values) => (values.some((value) => value === null) ? null : mean(values));

/** The shifted geometric mean of seconds, for a shift in seconds, taken in milliseconds. */
function shiftedGeometricMean(seconds, shift) {
  const logarithms = seconds.map((value) => Math.log(Math.max(1, 1e3 * (value + shift))));
  return logarithms.length ? Math.max(0, Math.exp(mean(logarithms)) / 1e3 - shift) : null;
}

function groupBy(items, key) {
  const groups = new Map();
  for (const item of items) {
    const name = key(item);
    if (groups.has(name)) groups.get(name).push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

function median(values) {
  const inOrder = [...values].sort((a, b) => a - b);
  const middle = inOrder.length >> 1;
  return inOrder.length % 2 ? inOrder[middle] : (inOrder[middle - 1] + inOrder[middle]) / 2;
}

/** A figure of a method on an instance: of repetitions the median, of seeds the mean; null as soon as one run has none. */
function overSeeds(runs, of) {
  const medians = [...groupBy(runs, (run) => run.seed).values()].map((repeated) => {
    const values = repeated.map(of);
    return values.includes(null) ? null : median(values);
  });
  return meanIfAll(medians);
}

/** What one method did in some runs: seeds are averaged first, then instances, which are told apart by their content. */
function summary(method, runs) {
  const cells = [...groupBy(runs, (run) => run.instance.content).values()].map((seeds) => ({
    gap: overSeeds(seeds, (run) => run.gap),
    answered: overSeeds(seeds, (run) => (run.answered ? run.time : null)),
    proved: seeds.every((run) => run.proved),
    certified: seeds.every((run) => run.certified),
    limit: Math.max(...seeds.map((run) => run.limit)),
  }));
  const gaps = cells.map((cell) => cell.gap).filter((gap) => gap !== null);
  const times = cells.map((cell) => cell.answered ?? cell.limit);
  const count = (what) => cells.filter(what).length;
  // A case of a replay is a trace, or a scenario with its seed.
  const cases = [...groupBy(runs.filter((run) => run.metric !== null), (run) => run.case).values()].map((of) => mean(of.map((run) => run.metric)));
  const isReplay = runs[0].family === "replay";
  return {
    id: `${runs[0].family} ${method}`,
    method,
    label: runs[0].label,
    kind: runs[0].kind,
    family: runs[0].family,
    runs: runs.length,
    instances: cells.length,
    contents: [...new Set(runs.map((run) => run.instance.content))].sort((a, b) => a - b).join(" "),
    answered: count((cell) => cell.answered !== null),
    proved: isReplay ? null : count((cell) => cell.proved),
    certified: isReplay ? null : count((cell) => cell.certified),
    gap: mean(gaps),
    best: isReplay ? null : gaps.filter((gap) => gap === 0).length,
    metric: cases.length ? median(cases) : null,
    metricName: runs.find((run) => run.metricName)?.metricName ?? "",
    sgm10ms: shiftedGeometricMean(times, 0.01),
    par2: mean(cells.map((cell) => cell.answered ?? 2 * cell.limit)),
    memory: runs.reduce((most, run) => Math.max(most, run.memory), 0),
    wrong: runs.filter((run) => run.wrong).length,
  };
}

/** One summary per family and method, in the order of families, kinds and names. */
function summaries(runs) {
  const groups = groupBy(runs, (run) => `${run.family} ${run.method}`);
  const families = [...new Set(runs.map((run) => run.family))];
  const place = (row) => 100 * families.indexOf(row.family) + kindPlace(row.kind);
  const rows = [...groups.values()].map((of) => summary(of[0].method, of));
  rows.sort((a, b) => place(a) - place(b) || (a.method < b.method ? -1 : 1));
  const everything = new Map(families.map((family) => [family, new Set(runs.filter((run) => run.family === family).map((run) => run.instance.content)).size]));
  rows.forEach((row, at) => {
    row.at = at;
    // Methods are asked for every instance; policies for the traces that they are written for, and compare on these.
    const isReplay = row.family === "replay";
    row.everything = isReplay ? row.instances : everything.get(row.family);
    row.rivals = isReplay ? `${row.family} ${row.contents}` : row.family;
    row.everywhere = row.answered === row.everything;
  });
  const front = unbeaten(rows, (row) => row.sgm10ms, (row) => row.gap);
  for (const row of rows) row.unbeaten = front.has(row);
  return rows;
}

/**
 * The Pareto front of each group of rivals: rows that answered every instance and that no other such row beats in both measures,
 * of which less is better. In the order of groups and of the first measure.
 */
function unbeaten(rows, across, up) {
  const front = new Set();
  const complete = rows.filter((row) => row.everywhere && isNumber(across(row)) && isNumber(up(row)));
  for (const rivals of groupBy(complete, (row) => row.rivals).values()) {
    rivals.sort((a, b) => across(a) - across(b) || up(a) - up(b));
    let last = null;
    for (const row of rivals) {
      if (last === null || up(row) < up(last)) last = row;
      else if (across(row) !== across(last) || up(row) !== up(last)) continue;
      front.add(row);
    }
  }
  return front;
}
