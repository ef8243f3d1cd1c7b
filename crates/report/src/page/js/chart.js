// Scales with their ticks, shared by the scatter on canvas and the small charts of the panel.

/** Ticks at 1, 2 or 5 times a power of ten. */
function niceTicks(low, high, wanted = 5) {
  if (!(high > low)) return [low];
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-12) + 1e-300; k++) ticks.push(k * step);
  return ticks;
}

/** A linear scale over values, from 0 if they are near it. */
function linearScale(values) {
  let [low, high] = extent(values);
  if (low > 0 && low < 0.6 * high) low = 0;
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Means of what is equal may differ in their last digit.
  if (high - low <= 1e-9 * size) [low, high] = size === 0 ? [0, 1] : [low - size * 0.05, high + size * 0.05];
  const room = (high - low) * 0.04;
  const bottom = low === 0 ? 0 : low - room;
  const top = high + room;
  return { at: (value) => (value - bottom) / (top - bottom), ticks: niceTicks(bottom, top) };
}

/** Round numbers of bytes: in units of 1024, which powers of ten are not. */
const BYTES = [0, 1, 2, 3, 4].flatMap((unit) => [1, 10, 100].map((factor) => factor * 1024 ** unit));

/** A logarithmic scale over positive values, in bytes if it says so; what is not positive lies at its lower end. */
function logScale(values, inBytes = false) {
  let [low, high] = extent(values.filter((value) => value > 0));
  if (low === high) [low, high] = [low / 2, high * 2];
  const [bottom, top] = [Math.log10(low), Math.log10(high)];
  const room = Math.max(0.05, (top - bottom) * 0.03);
  const [from, to] = [bottom - room, top + room];
  const within = (tick) => Math.log10(tick) >= from && Math.log10(tick) <= to;
  const ticks = inBytes ? BYTES.filter(within) : [];
  const stride = Math.max(1, Math.ceil((to - from) / 8));
  if (!inBytes) for (let power = Math.ceil(from); power <= to; power += stride) ticks.push(10 ** power);
  if (ticks.length < 3) {
    for (let power = Math.floor(from); power <= to; power++) {
      for (const factor of [2, 5]) {
        const tick = factor * 10 ** power;
        if (within(tick)) ticks.push(inBytes ? tick * (1024 / 1000) ** Math.floor(Math.log10(tick) / 3) : tick);
      }
    }
    ticks.sort((a, b) => a - b);
  }
  if (ticks.length < 2) {
    // On so short a way equal steps do.
    const unit = inBytes ? 1024 ** Math.floor(Math.log2(low) / 10) : 1;
    ticks.splice(0, 1, ...niceTicks(10 ** from / unit, 10 ** to / unit).map((tick) => tick * unit));
  }
  return { at: (value) => (Math.log10(Math.max(value, low)) - from) / (to - from), ticks };
}

/** Linear from zero to `knee`, logarithmic above. */
function kneeScale(values, knee) {
  const top = Math.max(extent(values)[1], knee * 10) * 1.25;
  const decades = Math.log10(top / knee);
  const share = 1 / (1 + decades);
  const at = (value) => (value <= knee ? (value / knee) * share : share + (Math.log10(value / knee) / decades) * (1 - share));
  const ticks = [0];
  for (let tick = knee; tick <= top; tick *= 10) ticks.push(tick);
  return { at, ticks };
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/**
 * A line chart as SVG: `lines` are `{ name, colour, points, steps }` with points `[x, y]` in order.
 * `describe` is what screen readers hear.
 */
function lineChart({ width, height, lines, xTitle, yTitle, xFormat, yFormat, describe }) {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map((point) => point[0]);
  const x = xs.some((value) => value > 0) && extent(xs)[1] / Math.max(extent(xs.filter((v) => v > 0))[0], 1e-9) > 50 ? logScale(xs) : linearScale([0, ...xs]);
  const y = linearScale(points.map((point) => point[1]));
  const labels = y.ticks.map(yFormat);
  const left = 18 + 6.6 * Math.max(...labels.map((label) => label.length));
  const area = { left, top: 22, right: width - 14, bottom: height - 40 };
  const px = (value) => area.left + x.at(value) * (area.right - area.left);
  const py = (value) => area.bottom - y.at(value) * (area.bottom - area.top);
  // Where the last label below the axis ends.
  let free = 0;
  const path = (line) => {
    let text = "";
    line.points.forEach(([at, value], place) => {
      if (place && line.steps) text += `H${px(at).toFixed(1)}V${py(value).toFixed(1)}`;
      else text += `${place ? "L" : "M"}${px(at).toFixed(1)} ${py(value).toFixed(1)}`;
    });
    return text;
  };
  return drawing(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": describe },
    y.ticks.map((tick, place) => [
      drawing("path", { class: "rule", d: `M${area.left} ${py(tick)}H${area.right}` }),
      drawing("text", { x: area.left - 6, y: py(tick) + 4, "text-anchor": "end" }, labels[place]),
    ]),
    drawing("path", { class: "axis", d: `M${area.left} ${area.top}V${area.bottom}H${area.right}` }),
    x.ticks.map((tick) => {
      const label = xFormat(tick);
      const half = 3.5 * label.length;
      const fits = px(tick) - half >= free && px(tick) + half <= width;
      if (fits) free = px(tick) + half + 8;
      return [
        drawing("path", { class: "axis", d: `M${px(tick)} ${area.bottom}v4` }),
        fits ? drawing("text", { x: px(tick), y: area.bottom + 17, "text-anchor": "middle" }, label) : null,
      ];
    }),
    drawing("text", { x: area.right, y: height - 5, "text-anchor": "end" }, xTitle),
    drawing("text", { x: 2, y: 12 }, yTitle),
    lines.map((line) => [
      drawing("path", { class: "line", d: path(line), stroke: line.colour }),
      line.points.length <= 40
        ? line.points.slice(0, line.steps ? -1 : undefined).map(([at, value]) => drawing("circle", { cx: px(at), cy: py(value), r: 2.8, fill: line.colour }))
        : [],
    ]),
  );
}
