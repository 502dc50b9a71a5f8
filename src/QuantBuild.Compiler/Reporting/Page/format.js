// Numbers as people read them. Nothing here depends on the reader's locale: a report looks the same everywhere.

/** A share or an error as percent, with three significant digits. */
function percent(value) {
  if (value == null) return "–";
  const scaled = value * 100;
  const digits = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : scaled >= 0.0995 ? 2 : scaled === 0 ? 0 : 3;
  return `${scaled.toFixed(digits)} %`;
}

/** Any number with three significant digits. */
function number(value) {
  if (value == null) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2);
  return size >= 999.5 ? String(Math.round(value)) : value.toPrecision(3);
}

/** How many times: 4.1×. */
const times = value => value == null ? "–" : `${value >= 99.5 ? Math.round(value) : Number(value.toPrecision(2))}×`;

function bytes(value) {
  if (value == null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  // As ByteText does: what rounds to 1024 is one of the next unit.
  while (Math.round(Math.abs(value) * 10) >= 10240 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1).replace(/\.0$/, "")} ${units[unit]}`;
}

function seconds(value) {
  if (value == null) return "–";
  if (value === 0) return "0 s";
  if (value < 0.001) return "< 1 ms";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 99.95) return `${value.toFixed(1)} s`;
  const minutes = Math.round(value / 60);
  if (minutes < 60) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The same kinds of values as round numbers beside an axis: without trailing zeros. */
const tickFormats = new Map([
  [percent, value => `${Number((value * 100).toPrecision(4))} %`],
  [number, value => String(Number(value.toPrecision(4)))],
  [seconds, value => value >= 100 ? seconds(value) : `${Number(value.toPrecision(3))} s`],
]);
const tickOf = format => tickFormats.get(format) ?? format;

const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

const mean = values => values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const sum = values => values.reduce((total, value) => total + value, 0);
