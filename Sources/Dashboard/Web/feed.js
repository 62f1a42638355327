// The live stream: what the server has sent so far, as one state object.

const retryMilliseconds = 1000;
/** The server says something at least every two seconds: a connection that is silent for so long is dead. */
const silenceMilliseconds = 8000;

const emptyState = () => ({ frame: null, records: {}, tables: {}, trend: null, curve: null });

/** Replaces what a message has news of; what it does not mention stays. */
function mergeNamed(known, news) {
  for (const [name, value] of Object.entries(news ?? {})) {
    if (value === null) delete known[name];
    else known[name] = value;
  }
}

/** Puts new points behind those that stay. */
function mergeCourse(known, news) {
  if (!news) return known;
  const kept = known && known.window === news.window && news.from > known.base ? known : { base: news.base, points: [] };
  const points = kept.points.slice(0, Math.max(0, news.from - kept.base)).concat(news.points);
  const surplus = Math.max(0, points.length - news.limit);
  return { ...news, base: kept.base + surplus, points: points.slice(surplus) };
}

/**
 * Opens the stream of what the page shows. `onState` gets the state after each message and when its data was fresh (as
 * `performance.now()`), `onConnection` gets true or false. Returns a function that closes the stream.
 */
export function openFeed({ window: name, group, key, by }, onState, onConnection) {
  const query = new URLSearchParams();
  for (const [parameter, value] of Object.entries({ window: name, group, key, by })) {
    if (value) query.set(parameter, value);
  }
  let state;
  let source;
  let retry;
  let silence;

  function lost() {
    onConnection(false);
    source.close();
    clearTimeout(silence);
    clearTimeout(retry);
    retry = setTimeout(connect, retryMilliseconds);
  }

  function listen() {
    clearTimeout(silence);
    silence = setTimeout(lost, silenceMilliseconds);
  }

  function connect() {
    source = new EventSource(`/events?${query}`);
    // A new connection tells everything anew.
    state = emptyState();
    listen();
    source.onopen = () => {
      listen();
      onConnection(true);
    };
    source.addEventListener("idle", listen);
    source.onmessage = (event) => {
      listen();
      const message = JSON.parse(event.data);
      if (message.frame) state.frame = message.frame;
      mergeNamed(state.records, message.records);
      mergeNamed(state.tables, message.tables);
      state.trend = mergeCourse(state.trend, message.trend);
      state.curve = mergeCourse(state.curve, message.curve);
      onState(state, performance.now() - message.age_ms);
    };
    source.onerror = lost;
  }

  connect();
  return () => {
    clearTimeout(retry);
    clearTimeout(silence);
    source.close();
  };
}
