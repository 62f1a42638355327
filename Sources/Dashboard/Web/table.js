// A table of ranked keys; rows are kept and moved, so that focus, a selection or a scroll position survives updates.

import { count } from "./format.js";
import { fieldName, fieldNames, metricMeaning, metricText, metricTitle, windowLabel } from "./labels.js";
import { pageLink } from "./route.js";
import { setText } from "./figures.js";

const nameOf = (field, key) => key[field] ?? "Others";

export class RankedTable {
  #section = document.createElement("section");
  #heading = document.createElement("h3");
  #window = document.createElement("span");
  #more = document.createElement("a");
  #head = document.createElement("tr");
  #body = document.createElement("tbody");
  #rows = new Map();
  #field;

  constructor(field) {
    this.#field = field;
    this.#section.className = "card board";
    this.#section.dataset.field = field;
    this.#heading.id = `table-${field}`;
    this.#window.className = "window";
    this.#more.className = "more";
    this.#more.dataset.nav = "";
    const top = document.createElement("div");
    top.className = "board-head";
    top.append(this.#heading, this.#window, this.#more);
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    const table = document.createElement("table");
    table.setAttribute("aria-labelledby", this.#heading.id);
    table.createTHead().append(this.#head);
    table.append(this.#body);
    scroll.append(table);
    this.#section.append(top, scroll);
  }

  get node() {
    return this.#section;
  }

  /** `title` names the table; `isList` where it is alone and needs no link to itself. */
  show(table, { title, windows, isList }) {
    const info = windows.find(({ name }) => name === table.window) ?? { name: table.window };
    setText(this.#heading, title ?? fieldNames(this.#field));
    setText(this.#window, windowLabel(info));
    this.#section.classList.toggle("list", Boolean(isList));
    const canGrow = !isList && !table.group.includes("+") && table.rows.length > 0;
    this.#more.hidden = !canGrow;
    if (canGrow) {
      this.#more.href = pageLink(table.group);
      setText(this.#more, "All");
      this.#more.setAttribute("aria-label", `All ${fieldNames(table.group).toLowerCase()}`);
    }
    this.#showHead(table);
    const at = table.fields.indexOf(table.by);
    const largest = Math.max(0, ...table.rows.map(({ v }) => v[at] ?? 0));
    const ids = new Set(table.rows.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    table.rows.forEach((values, index) => {
      const row = this.#rows.get(values.id) ?? this.#addRow(values);
      this.#showRow(row, values, table, index);
      row.style.setProperty("--share", largest > 0 ? Math.max(0, (values.v[at] ?? 0) / largest).toFixed(3) : 0);
      if (this.#body.rows[index] !== row) this.#body.insertBefore(row, this.#body.rows[index] ?? null);
    });
  }

  #showHead({ fields, by }) {
    const signature = `${fields} ${by}`;
    if (this.#head.dataset.signature === signature) return;
    this.#head.dataset.signature = signature;
    const cells = [["", "#", "rank"], [fieldName(this.#field), fieldName(this.#field), "name"]].concat(
      fields.map((field) => [metricMeaning(field), metricTitle(field), ""]),
    );
    this.#head.replaceChildren(...cells.map(([title, text, className], index) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = text;
      cell.className = className;
      if (title) cell.title = title;
      if (fields[index - 2] === by) cell.setAttribute("aria-sort", "descending");
      if (index >= 2) this.#weigh(cell, index - 2, fields[index - 2] === by);
      return cell;
    }));
    for (const row of this.#body.rows) while (row.cells.length > 2) row.deleteCell(-1);
  }

  /** The metric of the ranking and the first two stay, the others make way when it is narrow. */
  #weigh(cell, place, isRanked) {
    if (!isRanked && place >= 2) cell.classList.add(place >= 4 ? "wide" : "medium");
  }

  #addRow({ id }) {
    const row = document.createElement("tr");
    row.insertCell().className = "rank";
    const name = document.createElement("th");
    name.scope = "row";
    name.className = "name";
    const link = document.createElement("a");
    link.dataset.nav = "";
    name.append(link);
    row.append(name);
    this.#rows.set(id, row);
    return row;
  }

  #showRow(row, { id, key, v }, { fields, by, currency }, index) {
    setText(row.cells[0], count(index + 1));
    const link = row.cells[1].firstChild;
    const text = nameOf(this.#field, key);
    if (link.textContent !== text) {
      link.textContent = text;
      link.title = text;
    }
    const address = pageLink(this.#field, id);
    if (link.getAttribute("href") !== address) link.href = address;
    fields.forEach((field, place) => {
      let cell = row.cells[place + 2];
      if (!cell) {
        cell = row.insertCell();
        this.#weigh(cell, place, field === by);
        if (field === by) cell.classList.add("ranked");
      }
      setText(cell, metricText(field, v[place], currency));
    });
  }
}
