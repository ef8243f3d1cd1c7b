// Runs or methods as points: drawn on a canvas, reached by pointer and by keyboard.

/** Height of the rail at the top, where points lie that have nothing to show upwards. */
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
  const help = element("p", { id: "scatter-help", class: "unseen" });
  const legend = element("ul", { class: "key-kinds" });
  room.append(canvas, tip);
  room.after(legend, help);
  let points = [];
  let front = new Set();
  let shown = { subject: SUBJECTS.runs, items: [], nothing: "", x: "time", y: "gap", selected: "", highlight: null };
  let current = null;
  let frame = 0;

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
    const { subject, items } = shown;
    const [across, up] = [subject.measures[shown.x], subject.measures[shown.y]];
    const colours = Object.fromEntries(["text", "soft", "grid", "tint", "accent", "bad", "paper"].map((name) => [name, ink(name)]));
    const kindColour = Object.fromEntries(Object.values(kinds).map((kind) => [kind.title, isDark() ? kind.dark : kind.light]));
    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, width, height);

    const usable = items.filter((item) => isNumber(across.of(item)));
    const place = drawAxes(pen, colours, { width, height, across, up, items, usable });
    front = subject === SUBJECTS.methods ? unbeaten(items, across.of, up.of) : new Set();
    const lines = drawFront(pen, colours, place);
    points = usable.map((item) => ({ item, ...place(item) }));
    const size = drawPoints(pen, colours, kindColour);
    if (subject === SUBJECTS.methods) drawNames(pen, colours, { left: place.left + 2, top: 24, right: width - 4, bottom: place.bottom - 2 }, size, lines);

    const ring = (point, colour) => {
      pen.lineWidth = 2;
      pen.strokeStyle = colour;
      pen.beginPath();
      pen.arc(point.x, point.y, size + 4, 0, 2 * Math.PI);
      pen.stroke();
    };
    const selected = points.find((point) => point.item.id === shown.selected);
    if (selected) ring(selected, colours.accent);
    current = points.find((point) => point.item.id === current?.item.id) ?? null;
    if (current && document.activeElement === canvas) ring(current, colours.text);
    // Where the current point is, for whoever drives the page.
    [canvas.dataset.x, canvas.dataset.y] = current ? [current.x, current.y] : ["", ""];
    if (!usable.length) {
      pen.fillStyle = colours.soft;
      pen.textAlign = "center";
      pen.fillText(items.length ? `No ${subject.noun} here has both measures.` : shown.nothing, width / 2, height / 2);
    }
    legend.replaceChildren(...legendEntries({
      kinds: new Set(usable.map((item) => item.kind)),
      colours: kindColour,
      hollow: usable.some(isHollow),
      front: front.size > 1,
    }));
    canvas.setAttribute("aria-label", items.length ? `${plural(points.length, subject.noun)}: ${up.title(items)} against ${across.title(items)}` : shown.nothing);
  }

  /** Draws axes, their titles and the rail; gives the place of an item, and the left and lower border of the area. */
  function drawAxes(pen, colours, { width, height, across, up, items, usable }) {
    const valued = usable.filter((item) => isNumber(up.of(item)));
    const railed = usable.length > valued.length;
    const [x, y] = [scaleOf(across, usable.map(across.of)), scaleOf(up, valued.map(up.of))];
    const yLabels = y.ticks.map((tick) => tickLabel(up, tick));
    const left = 16 + Math.max(28, ...yLabels.map((label) => pen.measureText(label).width));
    const area = { left, top: 30 + (railed ? RAIL : 0), right: width - 18, bottom: height - 44 };
    const px = (value) => area.left + x.at(value) * (area.right - area.left);
    // What lies at zero lies above the axis, not on it.
    const foot = area.bottom - 12;
    const py = (value) => foot - y.at(value) * (foot - area.top);
    const line = (fromX, fromY, toX, toY) => {
      pen.beginPath();
      pen.moveTo(fromX, fromY);
      pen.lineTo(toX, toY);
      pen.stroke();
    };
    const rail = 28 + (RAIL - 10) / 2;
    pen.textAlign = "right";
    if (railed) {
      pen.fillStyle = colours.tint;
      pen.fillRect(area.left, 28, area.right - area.left, RAIL - 10);
      pen.fillStyle = colours.soft;
      pen.fillText("none", area.left - 8, rail + 4);
    }
    pen.lineWidth = 1;
    pen.strokeStyle = colours.grid;
    pen.fillStyle = colours.soft;
    if (valued.length) {
      y.ticks.forEach((tick, at) => {
        const level = Math.round(py(tick)) + 0.5;
        line(area.left, level, area.right, level);
        pen.fillText(yLabels[at], area.left - 8, level + 4);
      });
    }
    pen.textAlign = "center";
    let free = -Infinity;
    for (const tick of usable.length ? x.ticks : []) {
      const at = Math.round(px(tick)) + 0.5;
      line(at, railed ? 28 : area.top, at, area.bottom);
      const label = tickLabel(across, tick);
      const half = pen.measureText(label).width / 2;
      if (at - half < free || at + half > width) continue;
      pen.fillText(label, at, area.bottom + 17);
      free = at + half + 10;
    }
    pen.fillStyle = colours.text;
    pen.textAlign = "right";
    pen.fillText(`${across.title(items)} \u2192`, area.right, height - 9);
    pen.textAlign = "left";
    pen.fillText(`\u2191 ${up.title(items)}`, 10, 18);
    const place = (item) => ({ x: px(across.of(item)), y: isNumber(up.of(item)) ? py(up.of(item)) : rail });
    return Object.assign(place, { left: area.left, bottom: area.bottom });
  }

  /** The border of what the best trade-offs of each group of rivals dominate: across at the height of one until the next. Gives the corners. */
  function drawFront(pen, colours, place) {
    pen.strokeStyle = colours.soft;
    pen.lineWidth = 1.6;
    return [...groupBy([...front], (row) => row.rivals).values()].map((rows) => {
      const corners = rows.map(place).flatMap((to, at, places) => (at ? [{ x: to.x, y: places[at - 1].y }, to] : [to]));
      pen.beginPath();
      corners.forEach(({ x, y }, at) => pen[at ? "lineTo" : "moveTo"](x, y));
      pen.stroke();
      return corners;
    });
  }

  const isHollow = (item) => item.everywhere === false;

  /** Draws the points, those that are not highlighted first; gives their size. */
  function drawPoints(pen, colours, kindColour) {
    const ofMethods = shown.subject === SUBJECTS.methods;
    const size = ofMethods ? 6 : points.length > 3000 ? 2.6 : points.length > 600 ? 3.4 : 4.6;
    const faded = (item) => shown.highlight !== null && item.method !== shown.highlight;
    pen.lineWidth = 1.8;
    for (const pass of [true, false]) {
      for (const { item, x, y } of points) {
        if (faded(item) !== pass) continue;
        pen.globalAlpha = pass ? 0.1 : ofMethods ? 1 : points.length > 600 ? 0.55 : 0.75;
        pen.strokeStyle = kindColour[item.kind];
        pen.fillStyle = isHollow(item) ? colours.paper : !ofMethods && item.wrong ? colours.bad : kindColour[item.kind];
        tracePoint(pen, SHAPES[item.kind], x, y, size);
        pen.fill();
        if (isHollow(item)) pen.stroke();
      }
    }
    pen.globalAlpha = 1;
    return size;
  }

  /** The names of methods, those of the best trade-offs first. */
  function drawNames(pen, colours, within, size, lines) {
    const named = [...points].sort((a, b) => front.has(b.item) - front.has(a.item));
    const places = placeLabels(named, named.map(({ item }) => pen.measureText(item.label).width), within, size, lines);
    named.forEach(({ item }, at) => {
      if (!places[at]) return;
      const { leader } = places[at];
      if (leader) {
        pen.strokeStyle = colours.soft;
        pen.lineWidth = 0.6;
        pen.beginPath();
        pen.moveTo(named[at].x, named[at].y);
        pen.lineTo(leader.x, leader.y);
        pen.stroke();
      }
      pen.fillStyle = front.has(item) ? colours.text : colours.soft;
      pen.textAlign = places[at].align;
      pen.fillText(item.label, places[at].x, places[at].y);
    });
  }

  const redraw = () => {
    if (!frame) frame = requestAnimationFrame(draw);
  };

  /** What a point is, in lines: the method, where it was, what it came to. */
  function describe(item) {
    const { measures, describe: words } = shown.subject;
    const [where, how] = words(item);
    const value = (name) => `${measures[name].short ?? measures[name].title([item])} ${measures[name].format(measures[name].of(item))}`;
    return [item.label, where, [value(shown.y), value(shown.x), front.has(item) ? "a best trade-off" : how].filter(Boolean).join(", ")];
  }

  function showTip(point) {
    tip.hidden = !point;
    if (!point) return;
    const [method, where, words] = describe(point.item);
    tip.replaceChildren(element("strong", {}, method), where, element("br"), words);
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
    open(point.item);
  });
  canvas.addEventListener("focus", redraw);
  canvas.addEventListener("blur", () => {
    showTip(null);
    redraw();
  });
  canvas.addEventListener("keydown", (event) => {
    const across = (a, b) => a.x - b.x || b.y - a.y || a.item.at - b.item.at;
    const up = (a, b) => b.y - a.y || a.x - b.x || a.item.at - b.item.at;
    const moves = { ArrowLeft: [across, -1], ArrowRight: [across, 1], ArrowDown: [up, -1], ArrowUp: [up, 1], Home: [across, -Infinity], End: [across, Infinity] };
    if ((event.key === "Enter" || event.key === " ") && current) {
      event.preventDefault();
      open(current.item);
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
    announce(describe(current.item).join(", "));
  });
  new ResizeObserver(redraw).observe(room);

  return {
    show(next) {
      shown = { ...shown, ...next };
      help.textContent = `Left and right arrows go to the next point across, up and down to the next point upwards, Home and End to the first and last. ${shown.subject.help}`;
      showTip(null);
      redraw();
    },
    redraw,
  };
}
