// What fields, metrics and windows are called, and how their values are written.

import * as format from "./format.js";

const fields = {
  session_id: ["Broadcast", "Broadcasts"],
  host_id: ["Host", "Hosts"],
  mcn_id: ["Agency", "Agencies"],
  brand_id: ["Brand", "Brands"],
  product_id: ["Product", "Products"],
  category_id: ["Category", "Categories"],
  channel: ["Channel", "Channels"],
  region: ["Region", "Regions"],
  currency: ["Currency", "Currencies"],
};

export const fieldName = (field) => fields[field]?.[0] ?? field;
export const fieldNames = (field) => fields[field]?.[1] ?? field;
/** The name of a group, whose fields are joined by +. */
export const groupName = (group) => group.split("+").map(fieldName).join(" / ");
export const groupNames = (group) => group.split("+").map(fieldNames).join(" / ");

const count = (value) => format.count(value);
const percent = (value) => format.percent(value);
const duration = (value) => format.duration(value);
const wholeMoney = (value, currency) => format.money(value, currency, 0);
/** Of a large amount nobody reads the decimals. */
const money = (value, currency) => format.money(value, currency, Math.abs(value) >= 1000 ? 0 : undefined);

/** [title, how a value is written, what it means where the title does not say it]. */
const metrics = {
  gmv: ["GMV", wholeMoney, "The amount of all paid orders"],
  net_gmv: ["Net GMV", wholeMoney, "GMV less refunds"],
  gmv_placed: ["Placed GMV", wholeMoney, "The amount of all placed orders, paid or not"],
  orders: ["Orders", count, "Paid orders"],
  orders_placed: ["Placed orders", count, "Placed orders, paid or not"],
  units: ["Units", count, "Pieces in paid orders"],
  buyers: ["Buyers", count, "Different people who paid"],
  aov: ["Order value", money, "GMV by paid order"],
  gpm: ["GPM", money, "GMV by 1,000 views"],
  uv_value: ["Viewer value", money, "GMV by viewer"],
  online: ["Online", count, "Viewers seen in the last minute"],
  viewers: ["Viewers", count, "Different people who watched"],
  views: ["Views", count, "Times that someone came in"],
  avg_watch_seconds: ["Watch time", duration, "Time watched by viewer"],
  impressions: ["Impressions", count, "Times that a product was shown"],
  clicks: ["Clicks", count, "Clicks on products"],
  carts: ["Carts", count, "Products put into carts"],
  click_rate: ["Click rate", percent, "Viewers who clicked on a product"],
  click_conversion_rate: ["Click to order", percent, "Clicking viewers who paid"],
  conversion_rate: ["Conversion", percent, "Viewers who paid"],
  follows: ["New followers", count],
  comments: ["Comments", count],
  likes: ["Likes", count],
  shares: ["Shares", count],
  gifts: ["Gifts", count],
  refunds: ["Refunds", wholeMoney, "The amount refunded"],
  refund_orders: ["Refunded", count, "Refunds"],
  refund_rate: ["Refund rate", percent, "Refunds by paid order"],
  cancelled_orders: ["Cancelled", count, "Cancelled orders"],
};

export const metricTitle = (name) => metrics[name]?.[0] ?? name;
export const metricMeaning = (name) => metrics[name]?.[2] ?? "";
export const metricText = (name, value, currency) => (metrics[name]?.[1] ?? count)(value, currency);

/** The metrics to rank by. */
export const rankings = [
  "gmv", "net_gmv", "orders", "units", "buyers", "online", "viewers", "clicks", "conversion_rate", "click_rate",
  "click_conversion_rate", "gpm", "aov", "avg_watch_seconds", "follows", "refunds", "refund_rate",
];

/** "Last 5 minutes" for `5m`; "Today" for `day`; the name itself where it says nothing else. */
export function windowLabel({ name, kind }) {
  if (kind === "cumulative") return name === "day" ? "Today" : name;
  if (kind === "session") return "Whole broadcast";
  const match = /^(\d+)([smhd])$/.exec(name);
  if (!match) return name;
  const unit = { s: "second", m: "minute", h: "hour", d: "day" }[match[2]];
  return match[1] === "1" ? `Last ${unit}` : `Last ${match[1]} ${unit}s`;
}
