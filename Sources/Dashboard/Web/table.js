// A table of leading keys; rows are kept and moved, so that a selection or a scroll position survives updates.

import { count, money, percent } from "./format.js";

// The members of a row's `v`, as the server sends them.
const [gmv, orders, , viewers, online, conversion] = [0, 1, 2, 3, 4, 5];

const columns = [
  { title: "#", text: (row, rank) => count(rank) },
  { title: null, text: (row) => keyText(row.k), className: "name" },
  { title: "GMV", text: (row, rank, currency) => money(row.v[gmv], currency, 0) },
  { title: "Orders", text: (row) => count(row.v[orders]) },
  { title: "Viewers", text: (row) => count(row.v[viewers]), className: "optional" },
  { title: "Online", text: (row) => count(row.v[online]), className: "optional" },
  { title: "Conversion", text: (row) => percent(row.v[conversion]) },
];

function keyText(key) {
  return Object.values(key).map((value) => value ?? "other").join(" / ");
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export class LeaderTable {
  #section = document.createElement("section");
  #body = document.createElement("tbody");
  #rows = new Map();

  constructor(host, { group, title, keyTitle }) {
    const heading = document.createElement("h2");
    heading.id = `table-${group}`;
    heading.textContent = title;
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-labelledby", heading.id);
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const column of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = column.className ?? "";
      cell.textContent = column.title ?? keyTitle;
      head.append(cell);
    }
    table.append(this.#body);
    scroll.append(table);
    this.#section.append(heading, scroll);
    host.append(this.#section);
  }

  set hidden(value) {
    this.#section.hidden = value;
  }

  show({ order, rows }, currency) {
    const largest = rows[order[0]]?.v[gmv] ?? 0;
    for (const [id, row] of this.#rows) {
      if (!rows[id]) {
        row.remove();
        this.#rows.delete(id);
      }
    }
    order.forEach((id, index) => {
      const row = this.#rows.get(id) ?? this.#addRow(id);
      const values = rows[id];
      columns.forEach((column, cell) => setText(row.cells[cell], column.text(values, index + 1, currency)));
      row.cells[1].title = row.cells[1].textContent;
      row.style.setProperty("--share", largest > 0 ? (values.v[gmv] / largest).toFixed(3) : 0);
      if (this.#body.rows[index] !== row) this.#body.insertBefore(row, this.#body.rows[index] ?? null);
    });
  }

  #addRow(id) {
    const row = document.createElement("tr");
    for (const column of columns) row.insertCell().className = column.className ?? "";
    this.#rows.set(id, row);
    return row;
  }
}
