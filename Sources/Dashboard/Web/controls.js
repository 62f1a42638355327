// The switches of the header and of the leaderboards.

import { metricTitle, rankings, windowLabel } from "./labels.js";
import { go, link, read } from "./route.js";

const byId = (id) => document.getElementById(id);

/** The windows to choose from; `shown` is the one that the server shows. */
export function showWindows({ windows, window: shown }) {
  const nav = byId("windows");
  const names = windows.map(({ name }) => name).join("|");
  if (nav.dataset.names !== names) {
    nav.dataset.names = names;
    nav.replaceChildren(...windows.map((info) => {
      const anchor = document.createElement("a");
      anchor.dataset.nav = "";
      anchor.dataset.window = info.name;
      anchor.textContent = info.name;
      anchor.title = windowLabel(info);
      return anchor;
    }));
  }
  for (const anchor of nav.children) {
    anchor.href = link({ window: anchor.dataset.window });
    if (anchor.dataset.window === shown) anchor.setAttribute("aria-current", "true");
    else anchor.removeAttribute("aria-current");
  }
}

export function setUpRanking(onChange) {
  const select = byId("by");
  select.append(...rankings.map((name) => new Option(metricTitle(name), name)));
  select.addEventListener("change", () => {
    go(link({ by: select.value === rankings[0] ? null : select.value }), onChange);
  });
}

export function showRanking() {
  const name = read().by ?? rankings[0];
  const select = byId("by");
  if (!rankings.includes(name) && !select.querySelector(`option[value="${CSS.escape(name)}"]`)) {
    select.append(new Option(metricTitle(name), name));
  }
  select.value = name;
}

const themes = [["", "Auto"], ["light", "Light"], ["dark", "Dark"]];

/** Light and dark follow the system unless the address says otherwise. */
export function setUpTheme() {
  byId("theme").addEventListener("click", () => {
    const place = themes.findIndex(([name]) => name === (read().theme ?? ""));
    history.replaceState(null, "", link({ theme: themes[(place + 1) % themes.length][0] || null }));
    showTheme();
  });
}

export function showTheme() {
  const [name, title] = themes.find(([known]) => known === read().theme) ?? themes[0];
  document.documentElement.dataset.theme = name;
  const button = byId("theme");
  button.textContent = title;
  button.setAttribute("aria-label", `Colours: ${title.toLowerCase()}`);
}
