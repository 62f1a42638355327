// The trend line, drawn as SVG.

import { compact, time } from "./format.js";

const svgNamespace = "http://www.w3.org/2000/svg";
const margin = { top: 10, right: 12, bottom: 22, left: 46 };

function element(name, attributes = {}, text) {
  const node = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text != null) node.textContent = text;
  return node;
}

/** Three to five round numbers from at most `smallest` to at least `largest`. */
function ticks(smallest, largest) {
  if (!(largest > smallest)) return [smallest, smallest + 1];
  const rough = (largest - smallest) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const values = [];
  for (let value = Math.floor(smallest / step) * step; value < largest + step; value += step) values.push(value);
  return values;
}

export class Chart {
  #host;
  #svg = element("svg", { role: "img" });
  #tip = document.createElement("div");
  #points = [];
  #describe = String;
  #fromZero = true;
  #hover = null;
  #drawn = null;

  constructor(host) {
    this.#host = host;
    this.#tip.className = "tip";
    this.#tip.hidden = true;
    host.append(this.#svg, this.#tip);
    new ResizeObserver(() => this.#draw()).observe(host);
    host.addEventListener("pointermove", (event) => {
      this.#hover = event.clientX - host.getBoundingClientRect().left;
      this.#drawHover();
    });
    host.addEventListener("pointerleave", () => {
      this.#hover = null;
      this.#drawHover();
    });
  }

  /**
   * Shows `points`, pairs of time in milliseconds and value; `describe` writes a value for a reader. A level starts
   * at zero, of a total only the part that has moved is of interest.
   */
  show(points, { describe, label, fromZero }) {
    this.#points = points;
    this.#fromZero = fromZero;
    this.#describe = describe;
    const last = points.at(-1);
    this.#svg.setAttribute("aria-label", last ? `${label}, now ${describe(last[1])}` : label);
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    this.#svg.replaceChildren();
    this.#drawn = null;
    if (!width || !height) return;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const points = this.#points;
    const values = points.map(([, value]) => value);
    const levels = ticks(this.#fromZero ? 0 : Math.min(...values), Math.max(0, ...values));
    const [bottom, top] = [levels[0], levels.at(-1)];
    const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1];
    const span = Math.max(last - first, 1);
    const x = (at) => margin.left + ((at - first) / span) * (width - margin.left - margin.right);
    const y = (value) => height - margin.bottom - ((value - bottom) / (top - bottom)) * (height - margin.top - margin.bottom);

    for (const level of levels) {
      const at = y(level);
      this.#svg.append(
        element("line", { class: "grid", x1: margin.left, x2: width - margin.right, y1: at, y2: at }),
        element("text", { x: margin.left - 8, y: at + 4, "text-anchor": "end" }, compact(level)),
      );
    }
    if (points.length < 2) return;
    const labels = Math.max(2, Math.min(6, Math.floor(width / 130)));
    for (let index = 0; index < labels; index += 1) {
      const at = first + (span * index) / (labels - 1);
      const anchor = index === 0 ? "start" : index === labels - 1 ? "end" : "middle";
      this.#svg.append(
        element("text", { x: x(at), y: height - 4, "text-anchor": anchor }, time(at, span < 3_600_000)),
      );
    }
    const line = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join("L");
    const end = points.at(-1);
    this.#svg.append(
      element("path", { class: "area", d: `M${line}L${x(last)},${y(bottom)}L${x(first)},${y(bottom)}Z` }),
      element("path", { class: "path", d: `M${line}` }),
      element("circle", { class: "end", cx: x(end[0]), cy: y(end[1]), r: 4 }),
    );
    this.#drawn = { x, y, width, height };
    this.#drawHover();
  }

  #drawHover() {
    this.#svg.querySelector(".hover")?.remove();
    this.#tip.hidden = this.#hover == null || !this.#drawn;
    if (this.#tip.hidden) return;
    const { x, y, width, height } = this.#drawn;
    const nearest = this.#points.reduce((best, point) =>
      Math.abs(x(point[0]) - this.#hover) < Math.abs(x(best[0]) - this.#hover) ? point : best,
    );
    const at = x(nearest[0]);
    const mark = element("g", { class: "hover" });
    mark.append(
      element("line", { class: "cross", x1: at, x2: at, y1: margin.top, y2: height - margin.bottom }),
      element("circle", { class: "end", cx: at, cy: y(nearest[1]), r: 4 }),
    );
    this.#svg.append(mark);
    this.#tip.textContent = `${time(nearest[0])}  ${this.#describe(nearest[1])}`;
    const left = at > width / 2 ? at - this.#tip.offsetWidth - 10 : at + 10;
    this.#tip.style.left = `${Math.max(0, left)}px`;
  }
}
