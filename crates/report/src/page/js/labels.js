// Names beside points: each where it covers no other name and no point, or nowhere.

/** Height of a line of text, in pixels. */
const LABEL = 14;
/** How many lines above or below its point a name may stand. */
const FARTHEST = 5;

/**
 * Places for the names of `points` (`{ x, y }`) of so many pixels, the first points first: beside, above or below each, or else
 * further off, within `area`, and off `lines` (steps of such points). Gives `{ x, y, align, leader }` per point: the foot of the
 * text, and the end of the line that leads to it from a point far off; null where no place is free.
 */
function placeLabels(points, widths, area, size, lines) {
  const box = (x, y, width, height) => ({ left: x, right: x + width, top: y, bottom: y + height });
  const taken = points.map(({ x, y }) => box(x - size, y - size, 2 * size, 2 * size));
  for (const line of lines) {
    line.slice(1).forEach(({ x, y }, at) => {
      const from = line[at];
      taken.push(box(Math.min(x, from.x), Math.min(y, from.y) - 1, Math.abs(x - from.x) + 1, Math.abs(y - from.y) + 2));
    });
  }
  const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return points.map(({ x, y }, at) => {
    const width = widths[at];
    const off = size + 4;
    const candidates = [
      { align: "left", x: x + off, box: box(x + off, y - LABEL / 2, width, LABEL) },
      { align: "right", x: x - off, box: box(x - off - width, y - LABEL / 2, width, LABEL) },
      { align: "center", x, box: box(x - width / 2, y - off - LABEL, width, LABEL) },
      { align: "center", x, box: box(x - width / 2, y + off, width, LABEL) },
      { align: "left", x: x + size, box: box(x + size, y - size - LABEL, width, LABEL) },
      { align: "left", x: x + size, box: box(x + size, y + size, width, LABEL) },
      { align: "right", x: x - size, box: box(x - size - width, y + size, width, LABEL) },
      { align: "right", x: x - size, box: box(x - size - width, y - size - LABEL, width, LABEL) },
    ];
    for (let rows = 2; rows <= FARTHEST; rows++) {
      for (const level of [y - rows * LABEL, y + rows * LABEL]) {
        const [right, left] = [x + off + LABEL, x - off - LABEL];
        const top = level - LABEL / 2;
        candidates.push(
          { align: "left", x: right, leader: { x: right - 2, y: level }, box: box(right, top, width, LABEL) },
          { align: "right", x: left, leader: { x: left + 2, y: level }, box: box(left - width, top, width, LABEL) },
        );
      }
    }
    const free = candidates.find((candidate) => {
      const within = candidate.box.left >= area.left && candidate.box.right <= area.right && candidate.box.top >= area.top && candidate.box.bottom <= area.bottom;
      return within && !taken.some((other, of) => of !== at && meets(candidate.box, other));
    });
    if (!free) return null;
    taken.push(free.box);
    return { x: free.x, y: free.box.bottom - 3, align: free.align, leader: free.leader };
  });
}
