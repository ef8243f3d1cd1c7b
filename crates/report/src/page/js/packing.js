// A packing drawn: one picture per resource, one column per host, the VMs on it stacked. Hosts that are filled alike
// are one column with their number below.

/** Columns that are drawn before somebody asks for all. */
const MOST_COLUMNS = 120;

/**
 * Who is where, the same for both families: `{ resources, columns }` with columns
 * `{ host, count, capacity, parts: [{ vm, count, amounts }] }`; amounts are those of all `count` VMs together.
 */
function readPacking(instance, solution) {
  const resources = instance.resources.map(([name, unit]) => ({ name, unit }));
  if (instance.family === "packing") {
    const columns = solution.map(([host, count, turns]) => {
      const parts = [];
      for (let at = 0; at < turns.length; at += 2) {
        const row = instance.rows[turns[at]];
        parts.push({ vm: row.vm, key: turns[at], count: turns[at + 1], amounts: row.demand.map((demand) => demand * turns[at + 1]) });
      }
      return { host: instance.hosts[host].name, kind: host, count, capacity: instance.hosts[host].capacity, parts };
    });
    return { resources, columns };
  }
  const columns = instance.hosts.map((host, kind) => ({ host: host.name, kind, count: 1, capacity: host.capacity, parts: [] }));
  const free = { host: "no host", kind: columns.length, count: 1, capacity: null, parts: [] };
  instance.vms.forEach(({ vm, host }, key) => (host === null ? free : columns[host]).parts.push({ vm, key, count: 1, amounts: solution[key] }));
  if (free.parts.length) {
    free.capacity = resources.map((_, r) => free.parts.reduce((sum, part) => sum + part.amounts[r], 0));
    columns.push(free);
  }
  return { resources, columns };
}

const used = (column, r) => column.parts.reduce((sum, part) => sum + part.amounts[r], 0);

/** How full a host is of a resource, from 0 to 1. */
const fill = (column, r) => (column.capacity[r] > 0 ? used(column, r) / column.capacity[r] : 0);

/** Hues a golden angle apart, so that neighbours differ however many VM types there are. */
const vmColour = (place) => `oklch(${isDark() ? 0.72 : 0.8} 0.1 ${(40 + place * 137.508) % 360})`;

/** The pictures and the table of a packing. */
function packingView(packing, width) {
  const { resources } = packing;
  const columns = [...packing.columns].sort((a, b) => a.kind - b.kind || b.count - a.count || fill(b, 0) - fill(a, 0));
  const keys = [...new Set(columns.flatMap((column) => column.parts.map((part) => part.key)))].sort((a, b) => a - b);
  const place = new Map(keys.map((key, at) => [key, at]));
  for (const column of columns) column.parts.sort((a, b) => place.get(a.key) - place.get(b.key));
  const hosts = columns.reduce((sum, column) => sum + column.count, 0);
  const vms = columns.reduce((sum, column) => sum + column.count * column.parts.reduce((n, part) => n + part.count, 0), 0);
  const pictures = element("div", { class: "picture" });
  const draw = (most) => pictures.replaceChildren(...resources.map((resource, r) => resourcePicture(resource, r, columns.slice(0, most), place, width)));
  draw(MOST_COLUMNS);
  const all = columns.length > MOST_COLUMNS && element("button", {
    type: "button",
    onclick: (event) => {
      draw(columns.length);
      event.target.remove();
    },
  }, `Draw all ${formatCount(columns.length)} columns, not the first ${MOST_COLUMNS} alone`);
  const alike = hosts > columns.length ? ` Hosts that are filled alike are one column, with their number (\u00d7) below: ${plural(columns.length, "column")}.` : "";
  return [
    element("p", { class: "soft" }, `${plural(hosts, "host")}, ${plural(vms, "VM")}.${alike} A column is as high as the host's capacity; each colour is a ${hosts > columns.length || vms > keys.length ? "type of VM" : "VM"}.`),
    pictures,
    all || null,
    element("details", {}, element("summary", {}, "The packing as a table"), packingTable(resources, columns)),
  ];
}

function resourcePicture(resource, r, columns, place, width) {
  const height = 150;
  const top = 24;
  const gap = columns.length > 60 ? 1 : 3;
  const kinds = new Set(columns.map((column) => column.kind)).size;
  const left = 46;
  const step = Math.max(7, Math.min(64, (width - left - 2) / columns.length));
  const full = left + 2 + step * columns.length;
  // Where the last number below a column ends.
  let free = 0;
  const many = columns.some((column) => column.count > 1);
  const total = top + height + (many ? 18 : 4) + (kinds > 1 ? 16 : 0);
  const capacity = columns.reduce((sum, column) => sum + column.count * column.capacity[r], 0);
  const taken = columns.reduce((sum, column) => sum + column.count * used(column, r), 0);
  const share = capacity ? taken / capacity : 0;
  const bars = columns.map((column, at) => {
    const x = left + at * step;
    const number = `\u00d7${column.count}`;
    const middle = x + (step - gap) / 2;
    const numbered = column.count > 1 && middle - 3.4 * number.length > free;
    if (numbered) free = middle + 3.4 * number.length + 8;
    let y = top + height;
    const scale = column.capacity[r] > 0 ? height / column.capacity[r] : 0;
    return [
      drawing("rect", { class: "host", x: x + 0.5, y: top + 0.5, width: step - gap, height }),
      column.parts.map((part) => {
        const size = Math.min(height, part.amounts[r] * scale);
        if (size < 0.4) return null;
        y -= size;
        const label = part.count > 1 ? `${part.vm} \u00d7${part.count}` : part.vm;
        const fits = size >= 14 && 7.4 * label.length < step - gap - 4;
        return [
          drawing("rect", { class: "vm", x: x + 0.5, y, width: step - gap, height: size, fill: vmColour(place.get(part.key)) },
            drawing("title", {}, `${label}: ${formatNumber(part.amounts[r])} of ${formatNumber(column.capacity[r])} ${resource.unit || resource.name} on ${column.host}`)),
          fits ? drawing("text", { class: "inside", x: middle, y: y + size / 2 + 4, "text-anchor": "middle" }, label) : null,
        ];
      }),
      numbered ? drawing("text", { x: middle, y: top + height + 14, "text-anchor": "middle" }, number) : null,
    ];
  });
  // The names of host types stand under their first columns.
  const names = kinds > 1 ? columns.map((column, at) => {
    if (at && columns[at - 1].kind === column.kind) return null;
    const reach = columns.filter((other) => other.kind === column.kind).length * step;
    const room = Math.floor((reach - 6) / 6.8);
    if (room < Math.min(column.host.length, 8)) return null;
    const name = column.host.length > room ? `${column.host.slice(0, room - 1)}\u2026` : column.host;
    return drawing("text", { x: left + 0.5 + at * step, y: total - 4 }, name);
  }) : [];
  const label = `${resource.name}${resource.unit ? `, ${resource.unit}` : ""}: ${formatPercent(share)} in use`;
  return drawing(
    "svg",
    { viewBox: `0 0 ${full} ${total}`, width: full, height: total, role: "img", "aria-label": label },
    drawing("text", { class: "title", x: 2, y: 14 }, label),
    [0, 0.5, 1].map((tick) => drawing("text", { x: left - 6, y: top + height - tick * height + (tick === 1 ? 10 : tick ? 4 : 0), "text-anchor": "end" }, `${100 * tick} %`)),
    bars,
    names,
  );
}

function packingTable(resources, columns) {
  const heads = ["host", "hosts", ...resources.map((resource) => resource.name), "VMs"];
  return element("div", { class: "scroll" }, element(
    "table",
    {},
    element("caption", { class: "unseen" }, "Hosts, how full they are, and the VMs on each"),
    element("thead", {}, element("tr", {}, heads.map((head, at) => element("th", { scope: "col", class: at && at < heads.length - 1 && "n" }, head)))),
    element("tbody", {}, columns.slice(0, 1000).map((column) => element(
      "tr",
      {},
      element("th", { scope: "row" }, column.host),
      element("td", { class: "n" }, formatCount(column.count)),
      resources.map((_, r) => element("td", { class: "n" }, formatPercent(fill(column, r)))),
      element("td", {}, column.parts.map((part) => (part.count > 1 ? `${part.count} ${part.vm}` : part.vm)).join(", ")),
    ))),
  ));
}
