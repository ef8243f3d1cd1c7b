// The data inside the page, unpacked.

/** One part: JSON, compressed, in base 64. */
async function unpack(id) {
  const letters = atob(byId(id).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const FLAG = { correct: 1, wrong: 2, answered: 4, proved: 8, certified: 16, verified: 32 };

/** The runs as objects, each with its instance. */
function readRuns(columns) {
  const word = (column, at) => column.words[column.codes[at]];
  const of = columns.instances;
  const instances = of.name.map((name, at) => ({
    at,
    name,
    dataset: of.dataset[at],
    class: of.class[at],
    family: of.family[at],
    content: of.content[at],
    vms: of.vms[at],
    vmTypes: of.vm_types[at],
    hosts: of.hosts[at],
    resources: of.resources[at],
    services: of.services[at],
    reference: of.reference[at],
    referenceBound: of.reference_bound[at],
    proved: of.proved[at],
    source: of.source[at],
    known: of.known[at],
    runs: [],
  }));
  const runs = columns.id.map((id, at) => {
    const instance = instances[columns.instance[at]];
    const flags = columns.flags[at];
    const run = {
      at,
      id,
      instance,
      family: instance.family,
      dataset: instance.dataset,
      class: instance.class || "none",
      method: word(columns.method, at),
      label: columns.labels[word(columns.method, at)] ?? word(columns.method, at),
      kind: word(columns.kind, at),
      outcome: word(columns.outcome, at),
      verdict: word(columns.verdict, at) || DASH,
      seed: columns.seed[at],
      repetition: columns.repetition[at] ?? 0,
      repetitions: 1,
      medianTime: null,
      wall: columns.wall[at],
      cpu: columns.cpu[at],
      time: columns[columns.clock][at],
      limit: columns.limit[at],
      memory: columns.memory[at],
      vms: instance.vms,
      costText: columns.cost[at],
      boundText: columns.bound[at],
      cost: toNumber(columns.cost[at]),
      bound: toNumber(columns.bound[at]),
      metric: columns.metric[at],
      metricName: word(columns.metric_name, at),
      case: columns.case[at],
    };
    for (const [name, bit] of Object.entries(FLAG)) run[name] = (flags & bit) !== 0;
    run.gap = run.verified && instance.known !== null ? gapTo(run.cost, toNumber(instance.known)) : null;
    run.text = `${run.dataset} ${instance.name} ${run.class} ${run.method} ${run.label} ${run.kind} ${run.outcome} ${run.verdict} ${run.id}`.toLowerCase();
    instance.runs.push(run);
    return run;
  });
  if (columns.repetition.length) countRepetitions(runs);
  return runs;
}

/** Tells runs that differ in nothing how many they are, and the median of their times. */
function countRepetitions(runs) {
  for (const alike of groupBy(runs, (run) => `${run.instance.at} ${run.method} ${run.seed} ${run.limit}`).values()) {
    const repetitions = alike.reduce((most, run) => Math.max(most, run.repetition + 1), alike.length);
    if (repetitions === 1) continue;
    const medianTime = overSeeds(alike, (run) => (run.answered ? run.time : null));
    for (const run of alike) Object.assign(run, { repetitions, medianTime });
  }
}

/** Which of how many repetitions a run is; nothing if it was made once. */
const repetitionName = (run) => (run.repetitions > 1 ? `repetition ${run.repetition + 1} of ${run.repetitions}` : null);
