import FlyingFox

/// `/api/v1/metrics` and `/api/v1/leaderboards`: the newest records as they were published.
struct MetricsEndpoint: Sendable {
  private static let maxRecords = 1_000

  let board: LiveBoard

  /// `window` (required), `group` (default: the platform), `key` (values as in the Kafka key), `limit`.
  func metrics(_ request: HTTPRequest) throws(RequestProblem) -> HTTPResponse {
    let query = try QueryParameters(request, allowed: ["window", "group", "key", "limit"])
    let limit = try query.count("limit", in: 1...Self.maxRecords, default: FeedRequest.rowsPerTable)
    guard let window = try query.window() else { throw .badQuery("The parameter \"window\" is missing, \(known()).") }
    guard board.read({ $0.knows(window: window) }) else {
      throw .notFound("There is no record of a window \"\(window)\", \(known()).")
    }
    let group = try query.groups().first ?? ""
    if let key = query["key"] {
      return Responses.json(try record(window: window, group: group, key: key))
    }
    let rows = board.read { $0.top(limit, window: window, group: group) }
    var json = JSONText()
    json.raw("{\"window\":")
    json.string(window)
    json.raw(",\"group\":")
    json.list(group.split(separator: "+")) { $0.string(String($1)) }
    json.raw(",\"records\":")
    json.list(rows) { $0.raw($1.value) }
    json.raw("}\n")
    return Responses.json(json.bytes)
  }

  /// `/api/v1/leaderboards`: the names.
  func leaderboards(_ request: HTTPRequest) throws(RequestProblem) -> HTTPResponse {
    _ = try QueryParameters(request, allowed: [])
    var json = JSONText()
    json.raw("{\"leaderboards\":")
    json.list(board.leaderboardNames) { $0.string($1) }
    json.raw("}\n")
    return Responses.json(json.bytes)
  }

  /// `/api/v1/leaderboards/NAME`, with `window` where a name has several.
  func leaderboard(_ name: String, _ request: HTTPRequest) throws(RequestProblem) -> HTTPResponse {
    let query = try QueryParameters(request, allowed: ["window"])
    let window = try query.window()
    guard let value = board.leaderboard(named: name, window: window) else {
      throw .notFound("There is no leaderboard \"\(name.prefix(64))\"\(window.map { " of the window \($0)" } ?? "").")
    }
    return Responses.json(value)
  }

  /// A row by its key values; of a window that starts anew the newest, unless the start is given too.
  private func record(window: String, group: String, key: String) throws(RequestProblem) -> [UInt8] {
    let prefix = "\(window)|\(group)|\(key)"
    let entry = board.read { state -> BoardSection.Entry? in
      if let entry = state.entry(key: Array(prefix.utf8)) { return entry }
      let started = key + "|"
      return state.section(window: window, group: group)?.entries.filter { $0.row.hasPrefix(started) }
        .max { $0.startMilliseconds < $1.startMilliseconds }
    }
    guard let entry else { throw .notFound("There is no record with the key \"\(prefix.prefix(200))\".") }
    return entry.value
  }

  private func known() -> String {
    let names = board.read { $0.windowInfos.map(\.name) }
    return names.isEmpty ? "none is known yet" : "known are " + names.joined(separator: ", ")
  }
}
