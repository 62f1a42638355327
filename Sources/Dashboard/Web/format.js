// Numbers and times as the reader's locale writes them. Formatters are dear to make, so each is made once.

export const absent = "–";
const formatters = new Map();

function formatter(kind, options, Type = Intl.NumberFormat) {
  const name = kind + JSON.stringify(options);
  if (!formatters.has(name)) formatters.set(name, new Type(undefined, options));
  return formatters.get(name);
}

const isNumber = (value) => typeof value === "number" && isFinite(value);

export function count(value) {
  return isNumber(value) ? formatter("count", { maximumFractionDigits: 0 }).format(value) : absent;
}

export function percent(ratio, digits = 2) {
  if (!isNumber(ratio)) return absent;
  const options = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return formatter("percent", options).format(ratio);
}

/** Money with its sign; `digits` undefined leaves the currency's own number of fraction digits. */
export function money(value, currency, digits) {
  if (!isNumber(value)) return absent;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (currency) Object.assign(options, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  return formatter("money", options).format(value);
}

/** A short form for axes and narrow tables: 1.2M. */
export function compact(value, digits = 1) {
  return formatter("compact", { notation: "compact", maximumFractionDigits: digits }).format(value);
}

/** A length of time: 45 s, 3 min 05 s, 2 h 10 min. */
export function duration(seconds) {
  if (!isNumber(seconds)) return absent;
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${count(Math.floor(whole / 3600))} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** The time of day. */
export function time(milliseconds, withSeconds = true) {
  const options = { hour: "2-digit", minute: "2-digit", second: withSeconds ? "2-digit" : undefined };
  return formatter("time", options, Intl.DateTimeFormat).format(new Date(milliseconds));
}

export function dateTime(milliseconds) {
  const date = new Date(milliseconds);
  if (date.toDateString() === new Date().toDateString()) return time(milliseconds);
  return formatter("dateTime", { dateStyle: "medium", timeStyle: "medium" }, Intl.DateTimeFormat).format(date);
}

/** "12 s", "3 min", "2 h". */
export function age(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}
