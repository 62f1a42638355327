// Numbers, money and times as the browser's locale writes them.

const locale = navigator.languages ?? navigator.language;
const cache = new Map();

function formatter(key, make) {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key);
}

export const absent = "\u2013";

export function count(value) {
  return value == null ? absent : formatter("count", () => new Intl.NumberFormat(locale)).format(value);
}

export function percent(ratio, digits = 2) {
  if (ratio == null || !isFinite(ratio)) return absent;
  const options = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return formatter(`percent${digits}`, () => new Intl.NumberFormat(locale, options)).format(ratio);
}

/** Money with its sign; `digits` undefined leaves the currency's own number of fraction digits. */
export function money(value, currency, digits) {
  if (value == null) return absent;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (currency) Object.assign(options, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  return formatter(`money${currency}${digits}`, () => new Intl.NumberFormat(locale, options)).format(value);
}

/** A short form for axes: 1.2M. */
export function compact(value) {
  const options = { notation: "compact", maximumFractionDigits: 2 };
  return formatter("compact", () => new Intl.NumberFormat(locale, options)).format(value);
}

/** The time of day. */
export function time(milliseconds, withSeconds = true) {
  const date = new Date(milliseconds);
  const options = { hour: "2-digit", minute: "2-digit", second: withSeconds ? "2-digit" : undefined };
  return formatter(`time${withSeconds}`, () => new Intl.DateTimeFormat(locale, options)).format(date);
}

export function dateTime(milliseconds) {
  const isToday = new Date(milliseconds).toDateString() === new Date().toDateString();
  if (isToday) return time(milliseconds);
  const options = { dateStyle: "medium", timeStyle: "medium" };
  return formatter("dateTime", () => new Intl.DateTimeFormat(locale, options)).format(new Date(milliseconds));
}

/** "12 s", "3 min", "2 h". */
export function age(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** "Last 5 minutes" for `5m`; "Today" for `day`; the name itself where it says nothing else. */
export function windowLabel({ name, restarts }) {
  if (restarts) return name === "day" ? "Today" : name;
  const match = /^(\d+)([smhd])$/.exec(name);
  if (!match) return name;
  const unit = { s: "second", m: "minute", h: "hour", d: "day" }[match[2]];
  return match[1] === "1" ? `Last ${unit}` : `Last ${match[1]} ${unit}s`;
}
