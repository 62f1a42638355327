// The state of the page, kept in its address so that it can be shared and gone back to:
// ?group=host_id&key=h042&window=5m&by=orders&theme=dark

const names = ["group", "key", "window", "by", "theme"];

export function read() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(names.map((name) => [name, query.get(name)]));
}

/** The address of the present state with some changes; null takes a part away. */
export function link(changes) {
  const state = { ...read(), ...changes };
  const query = new URLSearchParams();
  for (const name of names) if (state[name]) query.set(name, state[name]);
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

/** The page of the platform, of all keys of a group, or of one key. */
export const pageLink = (group = null, key = null) => link({ group, key });

/** Follows links within the page without loading it anew; `onChange` is told after each change. */
export function follow(onChange) {
  addEventListener("popstate", onChange);
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a[data-nav]");
    if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(anchor.getAttribute("href"), onChange);
  });
}

export function go(address, onChange) {
  const before = read();
  history.pushState(null, "", address);
  onChange();
  const now = read();
  if (now.group !== before.group || now.key !== before.key) {
    scrollTo(0, 0);
    document.getElementById("main").focus({ preventScroll: true });
  }
}
