// The search box: finds hosts, broadcasts and the like by a part of their name. It follows the combobox pattern of the
// ARIA practices: the focus stays in the box, the arrow keys move through the list.

import { fieldName } from "./labels.js";
import { go, pageLink } from "./route.js";

const restMilliseconds = 150;

export function setUpSearch(onChange) {
  const form = document.getElementById("search");
  const input = document.getElementById("query");
  const list = document.getElementById("found");
  let rest;
  let request = 0;
  let results = [];
  let chosen = -1;

  function close() {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    chosen = place;
    [...list.children].forEach((option, index) => option.setAttribute("aria-selected", index === place));
    if (place < 0 || !results.length) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[place].id);
    list.children[place].scrollIntoView({ block: "nearest" });
  }

  function open({ group, key }) {
    close();
    input.value = "";
    go(pageLink(group, key), onChange);
  }

  function option({ group, value }, index) {
    const item = document.createElement("li");
    item.id = `found-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const name = document.createElement("b");
    name.textContent = value;
    const kind = document.createElement("span");
    kind.textContent = fieldName(group);
    item.append(name, kind);
    // Before the box loses the focus, which closes the list.
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      open(results[index]);
    });
    return item;
  }

  async function find() {
    const text = input.value.trim();
    request += 1;
    const own = request;
    if (!text) return close();
    try {
      const answer = await fetch(`/api/v1/search?q=${encodeURIComponent(text)}`);
      if (!answer.ok || own !== request) return;
      results = (await answer.json()).results;
    } catch {
      return;
    }
    if (own !== request || document.activeElement !== input) return;
    if (results.length) {
      list.replaceChildren(...results.map(option));
    } else {
      const none = document.createElement("li");
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.id = "found-0";
      none.textContent = "Nothing is called so.";
      list.replaceChildren(none);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(results.length ? 0 : -1);
  }

  input.addEventListener("input", () => {
    clearTimeout(rest);
    rest = setTimeout(find, restMilliseconds);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (list.hidden || !results.length) return;
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    choose((chosen + (event.key === "ArrowDown" ? 1 : results.length - 1)) % results.length);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(rest);
    if (list.hidden) await find();
    if (results[chosen]) open(results[chosen]);
  });
  // A slash anywhere leads to the box.
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      return;
    }
    event.preventDefault();
    input.focus();
  });
}
