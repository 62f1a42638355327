/// One client's way through the changes of a board: each message holds what is new since the last one.
///
/// Message, one JSON object: `window` (the one shown), `windows`, `groups`, `platform` (window -> record; null for a
/// window that is gone), `tables` (group -> `order`, and `rows` by id), `history`, `age_ms`. A member that has not
/// changed is absent. A row is `{"k":<key object>,"v":[<the fields of rowFields>]}`.
struct BoardFeed {
  /// The fields of a table row, in this order.
  static let rowFields: [StaticString] = ["gmv", "orders", "buyers", "viewers", "online", "conversion_rate"]

  private let board: LiveBoard
  private let request: FeedRequest
  private var seenVersion: UInt64?
  private var shownWindow: String?
  private var sentWindows: [WindowInfo] = []
  private var sentGroups: [String]?
  private var sentPlatform: [String: UInt64] = [:]
  private var sentOrders: [String: [String]] = [:]
  private var sentRows: [String: [String: UInt64]] = [:]

  init(board: LiveBoard, request: FeedRequest) {
    self.board = board
    self.request = request
  }

  /// The next message; nil where nothing has changed.
  mutating func next() -> [UInt8]? {
    let seen = seenVersion
    let request = request
    let isFirst = shownWindow == nil
    let view: FeedView? = board.read { state in
      state.version == seen ? nil : state.view(request, withHistory: isFirst)
    }
    guard let view else { return nil }
    seenVersion = view.version
    return encode(view)
  }

  private mutating func encode(_ view: FeedView) -> [UInt8] {
    var json = JSONText()
    json.raw("{\"age_ms\":\(ageMilliseconds)")
    encodeFrame(view, into: &json)
    encodePlatform(view, into: &json)
    encodeTables(view, into: &json)
    if !view.history.isEmpty {
      json.raw(",\"history\":")
      json.list(view.history) { json, point in
        json.list([Double(point.endMilliseconds), point.gmv, point.orders, point.online]) { $0.raw("\($1)") }
      }
    }
    json.raw("}")
    return json.bytes
  }

  private var ageMilliseconds: Int64 {
    guard let age = board.age else { return 0 }
    return age.components.seconds * 1000 + age.components.attoseconds / 1_000_000_000_000_000
  }

  private mutating func encodeFrame(_ view: FeedView, into json: inout JSONText) {
    if view.window?.name != shownWindow, let window = view.window {
      // The shortest window may appear after a longer one; then everything about the shown window is new.
      shownWindow = window.name
      sentGroups = nil
      sentOrders = [:]
      sentRows = [:]
      json.raw(",")
      json.name("window")
      json.string(window.name)
    }
    let known = { (info: WindowInfo) in (info.name, info.restarts) }
    if !view.windows.elementsEqual(sentWindows, by: { known($0) == known($1) }) {
      sentWindows = view.windows
      json.raw(",\"windows\":")
      json.list(view.windows) { json, info in
        json.raw("{\"name\":")
        json.string(info.name)
        json.raw(",\"restarts\":\(info.restarts)}")
      }
    }
    if view.groups != sentGroups {
      sentGroups = view.groups
      json.raw(",\"groups\":")
      json.list(view.groups) { $0.string($1) }
    }
  }

  private mutating func encodePlatform(_ view: FeedView, into json: inout JSONText) {
    var current: [String: UInt64] = [:]
    for (window, entry) in view.platform { current[window] = entry.version }
    let changed = view.platform.filter { sentPlatform[$0.window] != $0.entry.version }
    let gone = sentPlatform.keys.filter { current[$0] == nil }.sorted()
    sentPlatform = current
    guard !changed.isEmpty || !gone.isEmpty else { return }
    json.raw(",\"platform\":")
    let records: [(String, [UInt8])] =
      changed.map { ($0.window, $0.entry.value) } + gone.map { ($0, Array("null".utf8)) }
    json.list(records, open: "{", close: "}") { json, record in
      json.name(record.0)
      json.raw(record.1)
    }
  }

  private mutating func encodeTables(_ view: FeedView, into json: inout JSONText) {
    var changed: [(group: String, order: [String]?, rows: [BoardSection.Entry])] = []
    for table in view.tables {
      let order = table.rows.map(\.row)
      let sent = sentRows[table.group] ?? [:]
      let rows = table.rows.filter { sent[$0.row] != $0.version }
      let isReordered = sentOrders[table.group] != order
      guard isReordered || !rows.isEmpty else { continue }
      sentOrders[table.group] = order
      sentRows[table.group] = Dictionary(uniqueKeysWithValues: table.rows.map { ($0.row, $0.version) })
      changed.append((table.group, isReordered ? order : nil, rows))
    }
    guard !changed.isEmpty else { return }
    json.raw(",\"tables\":")
    json.list(changed, open: "{", close: "}") { json, table in
      json.name(table.group)
      json.raw("{")
      if let order = table.order {
        json.raw("\"order\":")
        json.list(order) { $0.string($1) }
        json.raw(",")
      }
      json.raw("\"rows\":")
      json.list(table.rows, open: "{", close: "}") { json, entry in
        json.name(entry.row)
        Self.encodeRow(entry, into: &json)
      }
      json.raw("}")
    }
  }

  private static func encodeRow(_ entry: BoardSection.Entry, into json: inout JSONText) {
    let texts = RecordFields(entry.value).texts(of: ["key"] + rowFields)
    json.raw("{\"k\":")
    json.raw(texts[0] ?? "{}")
    json.raw(",\"v\":")
    json.list(texts.dropFirst()) { $0.raw($1 ?? "null") }
    json.raw("}")
  }
}
