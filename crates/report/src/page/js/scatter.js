// Every run as a point: drawn on a canvas, reached by pointer and by keyboard.

/** What axes can show. `knee` makes a scale that is linear from zero to there. */
const MEASURES = {
  time: { title: () => clockName, of: (run) => run.time, format: formatSeconds, scale: "log" },
  gap: { title: () => "gap to best known cost", of: (run) => run.gap, format: formatPercent, knee: 0.001 },
  cost: { title: () => "cost", of: (run) => (run.verified ? run.cost : null), format: formatNumber, scale: "log" },
  metric: { title: metricTitle, of: (run) => run.metric, format: formatNumber, scale: "linear" },
  memory: { title: () => "peak memory", of: (run) => run.memory, format: formatBytes, scale: "log" },
  wall: { title: () => "wall time", of: (run) => run.wall, format: formatSeconds, scale: "log" },
  cpu: { title: () => "CPU time", of: (run) => run.cpu, format: formatSeconds, scale: "log" },
  vms: { title: () => "number of VMs", of: (run) => run.vms, format: formatNumber, scale: "log" },
};

let clockName = "time";

/** A value at a tick, without the zeros that figures of one length have. */
const tickLabel = (measure, tick) => (measure.format === formatPercent ? `${significant(100 * tick, 3)} %` : measure.format(tick));

function metricTitle(runs = []) {
  const names = [...new Set(runs.map((run) => run.metricName).filter(Boolean))];
  return names.length === 1 ? names[0].replaceAll("_", " ").replaceAll(".", " ") : "what policies are compared by";
}

/** Shapes of kinds, the same as in the figures. */
const SHAPES = {
  Greedy: "circle",
  Policies: "circle",
  "Dynamic programming": "square",
  "Linear programming": "triangle",
  "Column generation": "diamond",
  "Local search": "triangle-down",
  "External programs": "pentagon",
};

const CORNERS = {
  square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  triangle: [[0, -1.15], [1.05, 0.75], [-1.05, 0.75]],
  "triangle-down": [[0, 1.15], [1.05, -0.75], [-1.05, -0.75]],
  diamond: [[0, -1.2], [1.1, 0], [0, 1.2], [-1.1, 0]],
  pentagon: [0, 1, 2, 3, 4].map((k) => [1.1 * Math.sin(k * 1.2566), -1.1 * Math.cos(k * 1.2566)]),
};

function tracePoint(pen, shape, x, y, size) {
  pen.beginPath();
  const corners = CORNERS[shape];
  if (!corners) pen.arc(x, y, size, 0, 2 * Math.PI);
  else {
    corners.forEach(([dx, dy], place) => pen[place ? "lineTo" : "moveTo"](x + dx * size, y + dy * size));
    pen.closePath();
  }
}

/** Height of the rail at the top, where runs lie that have nothing to show upwards. */
const RAIL = 34;

function makeScatter(kinds, open) {
  const room = byId("scatter");
  const canvas = element("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "scatter plot",
    "aria-describedby": "scatter-help",
  });
  const tip = element("div", { class: "tip", hidden: true });
  const help = element("p", { id: "scatter-help", class: "unseen" },
    "Left and right arrows go to the next point across, up and down to the next point upwards, Home and End to the first and last. Enter opens the run. The table below holds the same runs.");
  const legend = element("ul", { class: "key-kinds" });
  room.append(canvas, tip);
  room.after(legend, help);
  let points = [];
  let shown = { runs: [], x: "time", y: "gap", selected: "", highlight: null };
  let current = null;
  let frame = 0;
  let area = null;

  /** Lays the points out for the size that there is, and draws. */
  function draw() {
    frame = 0;
    const { width, height } = room.getBoundingClientRect();
    if (!width) return;
    const density = devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const pen = canvas.getContext("2d");
    pen.scale(density, density);
    pen.font = `12px ${getComputedStyle(room).fontFamily}`;
    const across = MEASURES[shown.x];
    const up = MEASURES[shown.y];
    const colours = Object.fromEntries(["text", "soft", "line", "grid", "tint", "accent", "bad", "paper"].map((name) => [name, ink(name)]));
    const kindColour = Object.fromEntries(Object.values(kinds).map((kind) => [kind.title, isDark() ? kind.dark : kind.light]));

    const usable = shown.runs.filter((run) => isNumber(across.of(run)));
    const valued = usable.filter((run) => isNumber(up.of(run)));
    const railed = usable.length > valued.length;
    const scaleOf = (measure, runs) => {
      const values = runs.map(measure.of);
      if (measure.knee) return kneeScale(values, measure.knee);
      return measure.scale === "log" && values.some((value) => value > 0) ? logScale(values) : linearScale(values);
    };
    const x = scaleOf(across, usable);
    const y = scaleOf(up, valued);
    const yLabels = y.ticks.map((tick) => tickLabel(up, tick));
    const left = 16 + Math.max(28, ...yLabels.map((label) => pen.measureText(label).width));
    area = { left, top: 30 + (railed ? RAIL : 0), right: width - 18, bottom: height - 44 };
    const px = (value) => area.left + x.at(value) * (area.right - area.left);
    // What lies at zero lies above the axis, not on it.
    const foot = area.bottom - 12;
    const py = (value) => foot - y.at(value) * (foot - area.top);

    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, width, height);
    if (railed) {
      pen.fillStyle = colours.tint;
      pen.fillRect(area.left, 28, area.right - area.left, RAIL - 10);
      pen.fillStyle = colours.soft;
      pen.textAlign = "right";
      pen.fillText("none", area.left - 8, 28 + (RAIL - 10) / 2 + 4);
    }
    pen.lineWidth = 1;
    pen.strokeStyle = colours.grid;
    pen.fillStyle = colours.soft;
    if (valued.length) {
      pen.textAlign = "right";
      y.ticks.forEach((tick, place) => {
        const at = Math.round(py(tick)) + 0.5;
        pen.beginPath();
        pen.moveTo(area.left, at);
        pen.lineTo(area.right, at);
        pen.stroke();
        pen.fillText(yLabels[place], area.left - 8, at + 4);
      });
    }
    pen.textAlign = "center";
    let free = -Infinity;
    for (const tick of usable.length ? x.ticks : []) {
      const at = Math.round(px(tick)) + 0.5;
      pen.beginPath();
      pen.moveTo(at, railed ? 28 : area.top);
      pen.lineTo(at, area.bottom);
      pen.stroke();
      const label = tickLabel(across, tick);
      const half = pen.measureText(label).width / 2;
      if (at - half < free || at + half > width) continue;
      pen.fillText(label, at, area.bottom + 17);
      free = at + half + 10;
    }
    pen.fillStyle = colours.text;
    pen.textAlign = "right";
    pen.fillText(`${across.title(shown.runs)} \u2192`, area.right, height - 9);
    pen.textAlign = "left";
    pen.fillText(`\u2191 ${up.title(shown.runs)}`, 10, 18);

    const size = usable.length > 3000 ? 2.6 : usable.length > 600 ? 3.4 : 4.6;
    points = usable.map((run) => {
      const value = up.of(run);
      return { run, x: px(across.of(run)), y: isNumber(value) ? py(value) : 28 + (RAIL - 10) / 2 };
    });
    const faded = (run) => shown.highlight !== null && run.method !== shown.highlight;
    for (const pass of [true, false]) {
      for (const point of points) {
        if (faded(point.run) !== pass) continue;
        pen.globalAlpha = pass ? 0.1 : usable.length > 600 ? 0.55 : 0.75;
        pen.fillStyle = point.run.wrong ? colours.bad : kindColour[point.run.kind];
        tracePoint(pen, SHAPES[point.run.kind], point.x, point.y, size);
        pen.fill();
      }
    }
    pen.globalAlpha = 1;
    const ring = (point, colour) => {
      pen.lineWidth = 2;
      pen.strokeStyle = colour;
      pen.beginPath();
      pen.arc(point.x, point.y, size + 4, 0, 2 * Math.PI);
      pen.stroke();
    };
    const selected = points.find((point) => point.run.id === shown.selected);
    if (selected) ring(selected, colours.accent);
    current = points.find((point) => point.run === current?.run) ?? null;
    if (current && document.activeElement === canvas) ring(current, colours.text);
    // Where the current point is, for whoever drives the page.
    [canvas.dataset.x, canvas.dataset.y] = current ? [current.x, current.y] : ["", ""];
    if (!usable.length) {
      pen.fillStyle = colours.soft;
      pen.textAlign = "center";
      pen.fillText("No run here has both measures.", width / 2, height / 2);
    }
    const present = new Set(usable.map((run) => run.kind));
    legend.replaceChildren(...Object.keys(SHAPES).filter((title) => present.has(title)).map((title) => Object.values(kinds).find((kind) => kind.title === title)).map((kind) => legendEntry(kind, kindColour[kind.title])));
    canvas.setAttribute("aria-label", `${plural(points.length, "run")}: ${up.title(shown.runs)} against ${across.title(shown.runs)}`);
  }

  const redraw = () => {
    if (!frame) frame = requestAnimationFrame(draw);
  };

  const describe = (run) => {
    const measure = MEASURES[shown.y];
    return [run.method, run.instance.name, `${measure.format(measure.of(run))}, ${MEASURES[shown.x].format(MEASURES[shown.x].of(run))}, ${run.outcome}`];
  };

  function showTip(point) {
    tip.hidden = !point;
    if (!point) return;
    const [method, instance, words] = describe(point.run);
    tip.replaceChildren(element("strong", {}, method), instance, element("br"), words);
    const { width } = room.getBoundingClientRect();
    const at = Math.min(point.x + 14, width - tip.offsetWidth - 6);
    tip.style.left = `${Math.max(4, at)}px`;
    tip.style.top = `${point.y + 16 + tip.offsetHeight > room.clientHeight ? point.y - tip.offsetHeight - 12 : point.y + 16}px`;
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, distance] = [null, 18 ** 2];
    for (const point of points) {
      const d = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (d < distance) [best, distance] = [point, d];
    }
    return best;
  }

  canvas.addEventListener("pointermove", (event) => showTip(nearest(event)));
  canvas.addEventListener("pointerleave", () => showTip(null));
  canvas.addEventListener("click", (event) => {
    const point = nearest(event);
    if (!point) return;
    current = point;
    open(point.run);
  });
  canvas.addEventListener("focus", redraw);
  canvas.addEventListener("blur", () => {
    showTip(null);
    redraw();
  });
  canvas.addEventListener("keydown", (event) => {
    const across = (a, b) => a.x - b.x || b.y - a.y || a.run.at - b.run.at;
    const up = (a, b) => b.y - a.y || a.x - b.x || a.run.at - b.run.at;
    const moves = { ArrowLeft: [across, -1], ArrowRight: [across, 1], ArrowDown: [up, -1], ArrowUp: [up, 1], Home: [across, -Infinity], End: [across, Infinity] };
    if ((event.key === "Enter" || event.key === " ") && current) {
      event.preventDefault();
      open(current.run);
    }
    const move = moves[event.key];
    if (!move || !points.length || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const sorted = [...points].sort(move[0]);
    // Whoever comes without a point starts at the first, or with End at the last.
    const place = current ? sorted.indexOf(current) + move[1] : move[1] - 1;
    current = sorted[Math.min(sorted.length - 1, Math.max(0, place))];
    draw();
    showTip(current);
    announce(describe(current.run).join(", "));
  });
  new ResizeObserver(redraw).observe(room);

  return {
    show(next) {
      shown = { ...shown, ...next };
      showTip(null);
      redraw();
    },
    redraw,
  };
}

function legendEntry(kind, colour) {
  const corners = CORNERS[SHAPES[kind.title]];
  const shape = corners
    ? drawing("polygon", { points: corners.map(([x, y]) => `${7 + 5 * x},${7 + 5 * y}`).join(" "), fill: colour })
    : drawing("circle", { cx: 7, cy: 7, r: 5, fill: colour });
  return element("li", {}, drawing("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, shape), kind.title);
}
