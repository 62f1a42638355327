// One or two courses over time, drawn as SVG: the first as an area with the scale on the left, the second as a line with
// its own scale on the right.

import { compact, time } from "./format.js";

const svgNamespace = "http://www.w3.org/2000/svg";
const margin = { top: 12, bottom: 24, side: 48, edge: 8 };
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const timeSteps = [
  second, 5 * second, 10 * second, 15 * second, 30 * second, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute,
  30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour,
];

function element(name, attributes = {}, text) {
  const node = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text != null) node.textContent = text;
  return node;
}

/** Round numbers from 0 to at least `largest`, in `parts` equal steps, so that two scales share their lines. */
function scale(largest, parts) {
  if (!(largest > 0)) return { top: 1, step: 1 / parts };
  const rough = largest / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((one) => one >= rough * 0.9999);
  return { top: step * parts, step };
}

/** Round times of the reader's own day between two instants, at most `count`. */
function times(first, last, count) {
  const step = timeSteps.find((one) => (last - first) / one <= count) ?? timeSteps.at(-1);
  const shift = new Date(first).getTimezoneOffset() * minute;
  const values = [];
  for (let at = Math.ceil((first - shift) / step) * step + shift; at <= last; at += step) values.push(at);
  return { values, step };
}

export class Chart {
  #host;
  #svg = element("svg", { role: "img" });
  #tip = document.createElement("div");
  #courses = [];
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
   * Shows `courses`, each { name, points: [[milliseconds, value], ...], describe }, all with the same times; `describe`
   * writes a value for a reader.
   */
  show(courses) {
    this.#courses = courses;
    const texts = courses.filter(({ points }) => points.length).map(({ name, points, describe }) =>
      `${name}: ${describe(points.at(-1)[1])} now, ${describe(Math.max(...points.map((point) => point[1])))} at most`);
    this.#svg.setAttribute("aria-label", texts.join("; ") || "No figures yet");
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    this.#svg.replaceChildren();
    this.#drawn = null;
    const [main] = this.#courses;
    if (!width || !height || !main) return;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const left = margin.side;
    const right = width - (this.#courses.length > 1 ? margin.side : margin.edge);
    const floor = height - margin.bottom;
    const parts = height > 190 ? 4 : 2;
    const scales = this.#courses.map(({ points }) => scale(Math.max(0, ...points.map((point) => point[1])), parts));
    const first = main.points[0]?.[0] ?? 0;
    const last = main.points.at(-1)?.[0] ?? 1;
    const span = Math.max(last - first, 1);
    const x = (at) => left + ((at - first) / span) * (right - left);
    const y = (value, place) => floor - (value / scales[place].top) * (floor - margin.top);

    for (let line = 0; line <= parts; line += 1) {
      const at = floor - (line / parts) * (floor - margin.top);
      this.#svg.append(element("line", { class: line ? "grid" : "axis", x1: left, x2: right, y1: at, y2: at }));
      scales.forEach(({ step }, place) => {
        const attributes = place
          ? { class: "scale second", x: right + 8, y: at + 4 }
          : { class: "scale first", x: left - 8, y: at + 4, "text-anchor": "end" };
        this.#svg.append(element("text", attributes, compact(line * step)));
      });
    }
    if (main.points.length < 2) return;
    const { values, step } = times(first, last, Math.max(2, Math.floor((right - left) / 92)));
    for (const at of values) {
      const place = x(at);
      if (place < left + 12 || place > right - 12) continue;
      this.#svg.append(element("text", { x: place, y: height - 6, "text-anchor": "middle" }, time(at, step < minute)));
    }
    this.#courses.forEach(({ points }, place) => {
      const line = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value, place).toFixed(1)}`).join("L");
      const name = place ? "second" : "first";
      if (!place) {
        const area = `M${line}L${x(last)},${floor}L${x(first)},${floor}Z`;
        this.#svg.append(element("path", { class: "area", d: area }));
      }
      const end = points.at(-1);
      this.#svg.append(
        element("path", { class: `line ${name}`, d: `M${line}` }),
        element("circle", { class: `end ${name}`, cx: x(end[0]), cy: y(end[1], place), r: 4 }),
      );
    });
    this.#drawn = { x, y, width, floor };
    this.#drawHover();
  }

  #drawHover() {
    this.#svg.querySelector(".hover")?.remove();
    this.#tip.hidden = this.#hover == null || !this.#drawn;
    if (this.#tip.hidden) return;
    const { x, y, width, floor } = this.#drawn;
    const [main] = this.#courses;
    const distance = (point) => Math.abs(x(point[0]) - this.#hover);
    const index = main.points.reduce((best, point, place) => (distance(point) < distance(main.points[best]) ? place : best), 0);
    const at = x(main.points[index][0]);
    const mark = element("g", { class: "hover" });
    mark.append(element("line", { class: "cross", x1: at, x2: at, y1: margin.top, y2: floor }));
    const lines = [time(main.points[index][0])];
    this.#courses.forEach(({ name, points, describe }, place) => {
      const point = points[index];
      if (!point) return;
      mark.append(element("circle", { class: `end ${place ? "second" : "first"}`, cx: at, cy: y(point[1], place), r: 4 }));
      lines.push(`${name}: ${describe(point[1])}`);
    });
    this.#svg.append(mark);
    this.#tip.replaceChildren(...lines.map((text) => {
      const row = document.createElement("div");
      row.textContent = text;
      return row;
    }));
    const place = at > width / 2 ? at - this.#tip.offsetWidth - 12 : at + 12;
    this.#tip.style.left = `${Math.max(0, place)}px`;
  }
}
