// The page: puts the newest state of the feed into the document.

import { Chart } from "./chart.js";
import { setUpRanking, setUpTheme, showRanking, showTheme, showWindows } from "./controls.js";
import { openFeed } from "./feed.js";
import { pair, setText, showFunnel, showPairs, showTiles, Ticker } from "./figures.js";
import * as format from "./format.js";
import { fieldName, fieldNames, groupName, groupNames, windowLabel } from "./labels.js";
import { follow, pageLink, read } from "./route.js";
import { setUpSearch } from "./search.js";
import { RankedTable } from "./table.js";

const byId = (id) => document.getElementById(id);
const total = new Ticker(byId("total"));
const course = new Chart(byId("course"));
const curve = new Chart(byId("curve"));
const tables = new Map();
let route = read();
let state = null;
let freshAt = null;
let isConnected = false;
let shownTotal = "";
let closeFeed = () => {};

const isList = () => Boolean(route.group) && !route.key;
const info = (name) => state.frame.windows.find((window) => window.name === name);

/** A key as people read it: the values as they are, not as they stand in Kafka keys. */
function keyText(key) {
  const decode = (text) => text.replace(/%(7C|2F|25|00)/gi, (code) => ({ "%00": "Others" })[code] ?? decodeURIComponent(code));
  return key.split("/").map(decode).join(" / ");
}

// MARK: Sections

function showTitle() {
  // The platform's page says by itself what it is about; its heading is for those who hear it.
  byId("title").classList.toggle("unseen", !route.group);
  byId("path").hidden = !route.group;
  const subject = !route.group ? "Platform" : route.key ? keyText(route.key) : groupNames(route.group);
  document.title = route.group ? `${subject} · Livetally` : "Livetally";
  if (!route.group) return setText(byId("subject"), subject);
  const steps = [["Platform", pageLink()]];
  if (route.key) steps.push([groupNames(route.group), pageLink(route.group)]);
  byId("crumbs").replaceChildren(...steps.map(([text, address]) => {
    const item = document.createElement("li");
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.dataset.nav = "";
    anchor.textContent = text;
    item.append(anchor);
    return item;
  }));
  const kind = document.createElement("span");
  kind.textContent = route.key ? groupName(route.group) : "";
  byId("subject").replaceChildren(kind, subject);
}

/** The window whose total is the large number: a broadcast's own, else the day, else the longest there is. */
function totalWindow() {
  const known = state.frame.windows.filter(({ name }) => state.records[name]);
  return known.find(({ kind }) => kind === "session") ?? known.find(({ kind }) => kind === "cumulative") ?? known.at(-1);
}

const few = ["net_gmv", "orders", "buyers", "viewers"];
const many = [
  "net_gmv", "orders", "buyers", "viewers", "avg_watch_seconds", "conversion_rate", "gpm", "refunds", "refund_rate",
];

function showTotal() {
  const window = totalWindow();
  const record = window && state.records[window.name];
  byId("hero").hidden = !record;
  if (!record) return;
  const label = window.kind === "session" ? "GMV of the broadcast" : `GMV ${windowLabel(window).toLowerCase()}`;
  setText(byId("total-label"), label);
  const identity = `${route.group}|${route.key}|${window.name}|${record.window_start}`;
  total.show(record.gmv, identity === shownTotal, (value) => format.money(value, record.currency, 0));
  shownTotal = identity;
  const pairs = (state.curve ? few : many).map((name) => pair(record, name));
  if (window.kind === "session") {
    pairs.unshift({ title: "On air since", text: format.time(Date.parse(record.window_start), false) });
  }
  byId("total-details").classList.toggle("many", !state.curve);
  showPairs(byId("total-details"), pairs);
  byId("curve").hidden = !state.curve;
  if (state.curve) {
    const describe = (value) => format.money(value, record.currency, 0);
    curve.show([{ name: "Total", points: state.curve.points.map(([at, gmv]) => [at, gmv]), describe }]);
  }
}

function showCourse() {
  const trend = state.trend;
  const record = trend && state.records[trend.window];
  byId("trend").hidden = !record;
  if (!record) return;
  const minutes = trend.length_ms / 60_000;
  const money = (value) => format.money(value, record.currency, 0);
  const average = minutes === 1 ? "" : `Average of the ${windowLabel({ name: trend.window }).toLowerCase()}`;
  showPairs(byId("rates"), [
    { title: "GMV per minute", text: money(record.gmv / minutes), className: "first", meaning: average },
    { title: "Online now", text: format.count(record.online), className: "second", meaning: "Viewers seen in the last minute" },
    { title: "Orders per minute", text: format.count(record.orders / minutes), meaning: average },
  ]);
  course.show([
    { name: "GMV per minute", points: trend.points.map(([at, gmv]) => [at, gmv / minutes]), describe: money },
    { name: "Online", points: trend.points.map(([at, , online]) => [at, online]), describe: format.count },
  ]);
}

function showFigures() {
  const record = state.records[state.frame.window];
  byId("figures").hidden = !record;
  byId("funnel").hidden = !record;
  if (!record) return;
  setText(byId("figures-label"), windowLabel(info(state.frame.window)));
  showTiles(byId("tiles"), record);
  showFunnel(byId("steps"), byId("funnel-rates"), record);
}

const mainOrder = ["host_id", "session_id", "product_id", "brand_id", "mcn_id", "channel", "category_id", "region", "currency"];
const placeOf = (field) => (mainOrder.indexOf(field) + mainOrder.length + 1) % (mainOrder.length + 1);

function showBoards() {
  const names = Object.keys(state.tables).sort((a, b) =>
    route.key ? (a === "product_id" ? -1 : b === "product_id" ? 1 : 0) : placeOf(a) - placeOf(b));
  const within = route.key && names.length > 0;
  const hint = byId("hint");
  hint.hidden = !route.key || names.length > 0;
  if (!hint.hidden) {
    setText(hint, `To rank products here, add the group [${route.group.replaceAll("+", ", ")}, product_id] to the configuration.`);
  }
  byId("boards").hidden = names.length === 0 && hint.hidden;
  setText(byId("boards-label"), within ? "Ranked within" : isList() ? groupNames(route.group) : "Leaderboards");
  byId("boards-label").classList.toggle("unseen", Boolean(route.group));
  byId("by").closest("label").hidden = names.length === 0;
  const host = byId("tables");
  for (const [field, table] of tables) {
    if (names.includes(field)) continue;
    table.node.remove();
    tables.delete(field);
  }
  names.forEach((field, index) => {
    if (!tables.has(field)) tables.set(field, new RankedTable(field));
    const table = tables.get(field);
    const title = route.key ? `${fieldNames(field)} of this ${fieldName(route.group).toLowerCase()}` : undefined;
    table.show(state.tables[field], { title, windows: state.frame.windows, isList: isList() || within });
    if (host.children[index] !== table.node) host.insertBefore(table.node, host.children[index] ?? null);
  });
}

// MARK: The whole

function showStatus() {
  const seconds = freshAt == null ? null : (performance.now() - freshAt) / 1000;
  const isStale = seconds != null && seconds * 1000 > (state?.frame?.stale_after_ms ?? 5000);
  const name = isStale ? "stale" : isConnected ? (freshAt == null ? "connecting" : "live") : freshAt == null ? "connecting" : "lost";
  const texts = { connecting: "Connecting", lost: "Reconnecting", stale: "Stale", live: "Live" };
  byId("status").dataset.state = name;
  setText(byId("status-text"), texts[name]);
  document.body.classList.toggle("stale", isStale);
  byId("stale").hidden = !isStale;
  if (isStale) {
    const reason = isConnected ? "" : " The connection is lost; trying again.";
    setText(byId("stale-text"), `No update for ${format.age(seconds)}.${reason}`);
  }
}

function render() {
  showTitle();
  showRanking();
  const frame = state?.frame;
  if (!frame) return;
  const record = state.records[frame.window];
  const hasFigures = Boolean(record) || (isList() && Object.keys(state.tables).length > 0);
  byId("notice").hidden = hasFigures;
  if (!hasFigures) {
    setText(byId("notice"), !frame.window && !frame.groups.length
      ? "Waiting for the first figures."
      : route.key ? `There are no figures of ${keyText(route.key)} in this window.`
      : "There are no figures here. The platform's page needs the group [] in the configuration.");
  }
  showWindows(frame);
  showTotal();
  showCourse();
  showFigures();
  showBoards();
  if (record) {
    byId("clock").dateTime = record.window_end;
    setText(byId("clock"), format.dateTime(Math.min(Date.parse(record.window_end), newestEnd())));
  }
}

/** The end of the rolling window: what has been counted reaches up to it. */
function newestEnd() {
  const ends = Object.values(state.records).map((one) => Date.parse(one.window_end));
  return Math.max(...ends);
}

let isRequested = false;
function requestRender() {
  if (isRequested) return;
  isRequested = true;
  const draw = () => {
    isRequested = false;
    render();
    showStatus();
  };
  // A page in the background gets no frames, and must not be out of date when it comes back.
  if (document.hidden) setTimeout(draw);
  else requestAnimationFrame(draw);
}

function open() {
  const before = route;
  route = read();
  showTheme();
  closeFeed();
  if (before.group !== route.group || before.key !== route.key) {
    for (const id of ["hero", "trend", "figures", "funnel", "boards"]) byId(id).hidden = true;
    state = null;
  }
  showTitle();
  closeFeed = openFeed(
    route,
    (newState, time) => {
      state = newState;
      freshAt = time;
      requestRender();
    },
    (connected) => {
      isConnected = connected;
      showStatus();
    },
  );
}

follow(open);
setUpSearch(open);
setUpRanking(open);
setUpTheme();
setInterval(showStatus, 1000);
open();
