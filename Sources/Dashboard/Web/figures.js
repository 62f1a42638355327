// The large number, the figures of a window, and the funnel.

import * as format from "./format.js";
import { metricMeaning, metricText, metricTitle } from "./labels.js";

/** As long as the server waits at least between two updates, so that the number never stands still while sales run. */
const tickMilliseconds = 600;
const motionAllowed = matchMedia("(prefers-reduced-motion: reduce)");

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A description list of {title, text, meaning, className}; nodes are reused. */
export function showPairs(list, pairs) {
  while (list.children.length > pairs.length) list.lastChild.remove();
  pairs.forEach(({ title, text, meaning, className }, index) => {
    let item = list.children[index];
    if (!item) {
      item = document.createElement("div");
      item.append(document.createElement("dt"), document.createElement("dd"));
      list.append(item);
    }
    if (item.className !== (className ?? "")) item.className = className ?? "";
    if (item.title !== (meaning ?? "")) item.title = meaning ?? "";
    setText(item.firstChild, title);
    setText(item.lastChild, text);
  });
}

/** A metric of a record as a pair. */
export const pair = (record, name) => ({
  title: metricTitle(name), text: metricText(name, record[name], record.currency), meaning: metricMeaning(name),
});

/** Counts a number up or down to its new value instead of jumping. */
export class Ticker {
  #node;
  #shown = null;
  #frame = 0;
  #write = String;

  constructor(node) {
    this.#node = node;
  }

  /** `isSame` tells whether it is still the same figure, which may be counted to. */
  show(value, isSame, write) {
    cancelAnimationFrame(this.#frame);
    this.#write = write;
    this.#node.dataset.value = value;
    if (this.#shown == null || !isSame || motionAllowed.matches || document.hidden) return this.#put(value);
    const from = this.#shown;
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, now - start) / tickMilliseconds);
      this.#put(part === 1 ? value : from + (value - from) * part);
      if (part < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #put(value) {
    this.#shown = value;
    const text = this.#write(value);
    setText(this.#node, text);
    this.#node.style.setProperty("--length", Math.max(7, text.length));
  }
}

const tileGroups = [
  ["Sales", ["gmv", "orders", "buyers", "units"]],
  ["Value", ["aov", "gpm", "uv_value", "conversion_rate"]],
  ["Audience", ["online", "viewers", "views", "avg_watch_seconds"]],
  ["Reactions", ["follows", "comments", "likes", "shares"]],
  ["After the sale", ["net_gmv", "refunds", "refund_rate", "cancelled_orders"]],
];

export function showTiles(host, record) {
  tileGroups.forEach(([title, names], index) => {
    let group = host.children[index];
    if (!group) {
      group = document.createElement("section");
      const heading = document.createElement("h3");
      heading.textContent = title;
      group.append(heading, document.createElement("dl"));
      host.append(group);
    }
    showPairs(group.lastChild, names.map((name) => pair(record, name)));
  });
}

const steps = ["impressions", "clicks", "carts", "orders"];

export function showFunnel(list, rates, record) {
  const widest = Math.max(...steps.map((name) => record[name] ?? 0));
  steps.forEach((name, index) => {
    let item = list.children[index];
    if (!item) {
      item = document.createElement("li");
      for (const tag of ["span", "b", "span", "div"]) item.append(document.createElement(tag));
      item.children[2].className = "step";
      item.children[3].className = "bar";
      item.children[3].append(document.createElement("i"));
      list.append(item);
    }
    const before = index > 0 ? steps[index - 1] : null;
    const part = before && record[before] > 0 ? record[name] / record[before] : null;
    setText(item.children[0], metricTitle(name));
    setText(item.children[1], format.count(record[name]));
    setText(item.children[2], part == null ? "" : `${format.percent(part, 1)} of ${metricTitle(before).toLowerCase()}`);
    item.style.setProperty("--share", widest > 0 ? ((record[name] ?? 0) / widest).toFixed(4) : 0);
  });
  showPairs(rates, ["click_rate", "click_conversion_rate"].map((name) => pair(record, name)));
}
