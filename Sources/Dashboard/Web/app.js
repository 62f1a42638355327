// The page: puts the newest state of the feed into the document.

import { Chart } from "./chart.js";
import { openFeed } from "./feed.js";
import * as format from "./format.js";
import { LeaderTable } from "./table.js";

const staleAfterSeconds = 5;
const tickMilliseconds = 400;
const tableKinds = [
  { group: "host_id", title: "Leading hosts", keyTitle: "Host" },
  { group: "session_id", title: "Leading live sessions", keyTitle: "Session" },
  { group: "product_id", title: "Leading products", keyTitle: "Product" },
];
// `index` is the place in a history point; a flow is shown per minute, a stock as it is.
const measures = [
  { id: "gmv", title: "GMV", index: 1, isFlow: true, text: (value, currency) => format.money(value, currency, 0) },
  { id: "orders", title: "Orders", index: 2, isFlow: true, text: (value) => format.count(Math.round(value)) },
  { id: "online", title: "Online", index: 3, isFlow: false, text: (value) => format.count(value) },
];
const motionAllowed = !matchMedia("(prefers-reduced-motion: reduce)").matches;

const byId = (id) => document.getElementById(id);
const chart = new Chart(byId("chart"));
const tables = new Map(tableKinds.map((kind) => [kind.group, new LeaderTable(byId("tables"), kind)]));
let measure = measures[0];
let state = null;
let freshAt = null;
let isConnected = false;
let closeFeed = () => {};

// MARK: Small pieces

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A description list of [term, text] pairs; nodes are reused. */
function showPairs(list, pairs) {
  while (list.children.length > pairs.length) list.lastChild.remove();
  pairs.forEach(([term, text], index) => {
    let item = list.children[index];
    if (!item) {
      item = document.createElement("div");
      item.append(document.createElement("dt"), document.createElement("dd"));
      list.append(item);
    }
    setText(item.firstChild, term);
    setText(item.lastChild, text);
  });
}

/** Counts a number up or down to its new value instead of jumping. */
const ticker = {
  shown: null,
  frame: 0,
  show(value, write) {
    cancelAnimationFrame(this.frame);
    if (this.shown == null || !motionAllowed || document.hidden) {
      this.shown = value;
      write(value);
      return;
    }
    const from = this.shown;
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, now - start) / tickMilliseconds);
      this.shown = from + (value - from) * part;
      write(part === 1 ? value : this.shown);
      if (part < 1) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  },
};

// MARK: Sections

function showTotal() {
  // The window that has run longest: the day where there is one.
  const info = state.windows.find(({ name }) => name === "day") ?? state.windows.at(-1);
  const record = info && state.platform[info.name];
  if (!record) return;
  const label = format.windowLabel(info);
  setText(byId("total-label"), label === "Today" ? "GMV today" : `GMV, ${label.toLowerCase()}`);
  const total = byId("total");
  ticker.show(record.gmv, (value) => {
    const text = format.money(value, record.currency, 0);
    setText(total, text);
    total.style.setProperty("--length", Math.max(6, text.length));
  });
  showPairs(byId("total-details"), [
    ["Net of refunds", format.money(record.net_gmv, record.currency, 0)],
    ["Orders", format.count(record.orders)],
    ["Buyers", format.count(record.buyers)],
    ["Viewers", format.count(record.viewers)],
  ]);
}

function showTrend(record, info) {
  const minutes = (Date.parse(record.window_end) - Date.parse(record.window_start)) / 60_000;
  // What has grown since a start is shown as it grows; the average since then would tell nothing about now.
  const isRate = measure.isFlow && !info.restarts;
  const scale = isRate && minutes > 0 ? 1 / minutes : 1;
  const title = isRate ? `${measure.title} per minute` : measure.isFlow ? `${measure.title}, running total` : "Online";
  const describe = (value) => measure.text(value, record.currency);
  setText(byId("trend-label"), title);
  setText(byId("rate"), describe(record[measure.id] * scale));
  const points = state.history.map((point) => [point[0], point[measure.index] * scale]);
  chart.show(points, { describe, label: title, fromZero: isRate || !measure.isFlow });
}

function showTiles(record, info) {
  setText(byId("window-label"), format.windowLabel(info));
  showPairs(byId("tiles"), [
    ["GMV", format.money(record.gmv, record.currency, 0)],
    ["Orders", format.count(record.orders)],
    ["Buyers", format.count(record.buyers)],
    ["Viewers", format.count(record.viewers)],
    ["Online now", format.count(record.online)],
    ["Conversion", format.percent(record.conversion_rate)],
    ["Order value", format.money(record.aov, record.currency)],
    ["GMV per mille views", format.money(record.gpm, record.currency)],
    ["Refund rate", format.percent(record.refund_rate)],
  ]);
}

function showFunnel(record) {
  const steps = [
    ["Impressions", record.impressions],
    ["Clicks", record.clicks],
    ["Carts", record.carts],
    ["Orders", record.orders],
  ];
  const list = byId("funnel");
  const widest = Math.max(...steps.map(([, value]) => value ?? 0));
  steps.forEach(([title, value], index) => {
    let item = list.children[index];
    if (!item) {
      item = document.createElement("li");
      for (const tag of ["span", "b", "span", "div"]) item.append(document.createElement(tag));
      item.children[2].className = "step";
      item.children[3].className = "bar";
      item.children[3].append(document.createElement("i"));
      list.append(item);
    }
    const before = index > 0 ? steps[index - 1][1] : null;
    setText(item.children[0], title);
    setText(item.children[1], format.count(value));
    setText(item.children[2], before ? `${format.percent(value / before, 1)}` : "");
    item.children[2].title = before ? `of ${steps[index - 1][0].toLowerCase()}` : "";
    item.style.setProperty("--share", widest > 0 ? (value ?? 0) / widest : 0);
  });
}

function showTables(currency) {
  for (const [group, table] of tables) {
    const isKnown = state.groups.includes(group);
    table.hidden = !isKnown;
    if (isKnown) table.show(state.tables[group] ?? { order: [], rows: {} }, currency);
  }
}

// MARK: Switches

function showWindows() {
  const nav = byId("windows");
  const names = state.windows.map(({ name }) => name).join("|");
  if (nav.dataset.names !== names) {
    nav.dataset.names = names;
    nav.replaceChildren(...state.windows.map((info) => {
      const link = document.createElement("a");
      link.href = `?window=${encodeURIComponent(info.name)}`;
      link.textContent = info.name;
      link.title = format.windowLabel(info);
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        history.pushState(null, "", link.href);
        open();
      });
      return link;
    }));
  }
  for (const link of nav.children) {
    if (link.textContent === state.window) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function showMeasures() {
  byId("measures").replaceChildren(...measures.map((candidate) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = candidate.title;
    button.setAttribute("aria-pressed", candidate === measure);
    button.addEventListener("click", () => {
      measure = candidate;
      for (const other of byId("measures").children) other.setAttribute("aria-pressed", other === button);
      render();
    });
    return button;
  }));
}

// MARK: The whole

function showStatus() {
  const seconds = freshAt == null ? null : (performance.now() - freshAt) / 1000;
  const isStale = seconds != null && seconds > staleAfterSeconds;
  const name = !isConnected ? (freshAt == null ? "connecting" : "lost") : isStale ? "stale" : "live";
  const texts = { connecting: "Connecting", lost: "Reconnecting", stale: "Stale", live: "Live" };
  byId("status").dataset.state = name;
  setText(byId("status-text"), texts[name]);
  setText(byId("status-age"), isStale ? `no update for ${format.age(seconds)}` : "");
  document.body.classList.toggle("stale", isStale);
}

function render() {
  const info = state?.windows.find(({ name }) => name === state.window);
  const record = info && state.platform[info.name];
  byId("main").hidden = !record;
  byId("notice").hidden = Boolean(record);
  if (!record) return;
  showWindows();
  showTotal();
  showTrend(record, info);
  showTiles(record, info);
  showFunnel(record);
  showTables(record.currency);
  const end = Date.parse(record.window_end);
  byId("clock").dateTime = record.window_end;
  setText(byId("clock"), format.dateTime(end));
}

let renderRequested = false;
function requestRender() {
  if (renderRequested) return;
  renderRequested = true;
  requestAnimationFrame(() => {
    renderRequested = false;
    render();
    showStatus();
  });
}

function open() {
  closeFeed();
  const window = new URLSearchParams(location.search).get("window");
  closeFeed = openFeed(
    { window, groups: tableKinds.map(({ group }) => group) },
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

addEventListener("popstate", open);
setInterval(showStatus, 1000);
showMeasures();
open();
