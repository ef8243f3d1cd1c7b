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
  return {
    method,
    kind: runs[0].kind,
    family: runs[0].family,
    runs: runs.length,
    instances: cells.length,
    answered: count((cell) => cell.answered !== null),
    proved: count((cell) => cell.proved),
    certified: count((cell) => cell.certified),
    gap: mean(gaps),
    best: gaps.filter((gap) => gap === 0).length,
    sgm10ms: shiftedGeometricMean(times, 0.01),
    sgm1s: shiftedGeometricMean(times, 1),
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
  return rows.sort((a, b) => place(a) - place(b) || (a.method < b.method ? -1 : 1));
}
