// The live stream: what the server has sent so far, as one state object.

const retryMilliseconds = 2000;
const historyPoints = 600;

function emptyState() {
  return { window: null, windows: [], groups: [], platform: {}, tables: {}, history: [] };
}

function mergeTable(table = { order: [], rows: {} }, change) {
  const rows = { ...table.rows, ...change.rows };
  const order = change.order ?? table.order;
  return { order, rows: Object.fromEntries(order.filter((id) => rows[id]).map((id) => [id, rows[id]])) };
}

function addPoint(history, record) {
  const point = [Date.parse(record.window_end), record.gmv, record.orders, record.online];
  const last = history.at(-1);
  if (last && last[0] === point[0]) history[history.length - 1] = point;
  else if (!last || last[0] < point[0]) history.push(point);
  if (history.length > historyPoints) history.splice(0, history.length - historyPoints);
}

function merge(state, message) {
  if (message.window && message.window !== state.window) {
    state.window = message.window;
    state.tables = {};
    state.history = [];
  }
  if (message.windows) state.windows = message.windows;
  if (message.groups) state.groups = message.groups;
  if (message.history) state.history = message.history;
  for (const [name, record] of Object.entries(message.platform ?? {})) {
    const before = state.platform[name];
    if (record) state.platform[name] = record;
    else delete state.platform[name];
    if (record && name === state.window) {
      if (state.windows.find((w) => w.name === name)?.restarts && before?.window_start !== record.window_start) {
        state.history = state.history.filter(([time]) => time > Date.parse(record.window_start));
      }
      addPoint(state.history, record);
    }
  }
  for (const [group, change] of Object.entries(message.tables ?? {})) {
    state.tables[group] = mergeTable(state.tables[group], change);
  }
}

/**
 * Opens the stream of a window and some groups. `onState` gets the state after each message and when its data was
 * fresh (as `performance.now()`), `onConnection` gets true or false. Returns a function that closes the stream.
 */
export function openFeed({ window: name, groups }, onState, onConnection) {
  const query = new URLSearchParams();
  if (name) query.set("window", name);
  for (const group of groups) query.append("group", group);
  let state = emptyState();
  let source;
  let retry;

  function connect() {
    source = new EventSource(`/events?${query}`);
    source.onopen = () => {
      // A new connection tells everything anew.
      state = emptyState();
      onConnection(true);
    };
    source.onmessage = (event) => {
      const message = JSON.parse(event.data);
      merge(state, message);
      onState(state, performance.now() - message.age_ms);
    };
    source.onerror = () => {
      onConnection(false);
      // The browser tries again by itself, except after a response that is no stream.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, retryMilliseconds);
    };
  }

  connect();
  return () => {
    clearTimeout(retry);
    source.close();
  };
}
