// Numbers as people read them, in the words of the static tables.

const DASH = "\u2013";
const THIN = "\u202f";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** So many significant figures, as a plain decimal. */
function significant(value, figures) {
  if (value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  const text = value.toFixed(Math.min(12, Math.max(0, figures - 1 - magnitude)));
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

function formatSeconds(value) {
  if (!isNumber(value)) return DASH;
  const size = Math.abs(value);
  // Each bound is where rounding to three figures would carry into the next unit.
  if (size < 0.5e-9) return "0 s";
  if (size < 0.9995e-3) return `${significant(value * 1e6, 3)} \u00b5s`;
  if (size < 0.9995) return `${significant(value * 1e3, 3)} ms`;
  if (size < 999.5) return `${significant(value, 3)} s`;
  if (size < 3570) return `${(value / 60).toFixed(0)} min`;
  const minutes = Math.round(value / 60);
  return `${Math.trunc(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function formatBytes(value) {
  if (!isNumber(value)) return DASH;
  if (value < 1024) return `${value} B`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  for (value /= 1024; value >= 999.5 && unit + 1 < units.length; unit++) value /= 1024;
  return `${significant(value, 3)} ${units[unit]}`;
}

/** A share of one. */
function formatPercent(share) {
  if (!isNumber(share)) return DASH;
  const value = share * 100;
  if (value === 0) return "0 %";
  if (Math.abs(value) < 0.005) return value > 0 ? "< 0.01 %" : "> -0.01 %";
  return `${value.toFixed(Math.abs(value) < 9.995 ? 2 : 1)} %`;
}

/** A whole number in groups of three digits. */
function formatCount(value) {
  const digits = String(value);
  return digits.length > 4 ? digits.replace(/\B(?=(\d{3})+$)/g, THIN) : digits;
}

/** Any measure: four significant figures, as a power of ten where it is tiny or huge. */
function formatNumber(value) {
  if (!isNumber(value)) return DASH;
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace("e+", "e");
  return Number.isInteger(value) || size >= 1000 ? formatCount(Math.round(value)) : significant(value, 4);
}

/** A cost or bound as records hold it: a number, a fraction such as `7/2`, or nothing. */
function formatValue(value) {
  if (value === null || value === undefined) return DASH;
  const number = toNumber(value);
  const whole = Number.isInteger(number) || Math.abs(number) >= 1e5;
  return whole ? (number < 0 ? "-" : "") + formatCount(Math.abs(Math.round(number))) : significant(number, 6);
}

function toNumber(value) {
  if (typeof value !== "string") return value ?? null;
  const [numerator, denominator = "1"] = value.split("/");
  return Number(numerator) / Number(denominator);
}

const plural = (count, one, many = `${one}s`) => `${formatCount(count)} ${count === 1 ? one : many}`;

/** A name of a record's member as people write it. */
const readable = (name) => name.replaceAll("_s.", " ").replaceAll(/[_.]/g, " ").replaceAll(/\bvm(s?)\b/g, "VM$1");
