import FlyingFox

/// `/api/v1/metrics` and `/api/v1/leaderboards`: the newest records as they were published.
struct MetricsEndpoint: Sendable {
  private static let maxRecords = 1_000
  private static let usualRecords = 50
  private static let searchResults = 20

  let board: LiveBoard

  /// `window` (required), `group` (default: the platform), `key` (values as in the Kafka key), `by` (a metric), `limit`.
  func metrics(_ request: HTTPRequest) throws(RequestProblem) -> HTTPResponse {
    let query = try QueryParameters(request, allowed: ["window", "group", "key", "by", "limit"])
    let metric = try query.metric()
    let limit = try query.count("limit", in: 1...Self.maxRecords, default: Self.usualRecords)
    guard let window = try query.window() else { throw .badQuery("The parameter \"window\" is missing, \(known()).") }
    guard board.read({ $0.knows(window: window) }) else {
      throw .notFound("There is no record of a window \"\(window)\", \(known()).")
    }
    let group = try query.group() ?? ""
    if let key = query["key"] {
      return Responses.json(try record(window: window, group: group, key: key))
    }
    let rows = board.read { $0.top(limit, window: window, group: group, by: metric) }
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

  /// `/api/v1/search`: keys of groups of one field whose value contains `q`, whatever its case.
  func search(_ request: HTTPRequest) throws(RequestProblem) -> HTTPResponse {
    let query = try QueryParameters(request, allowed: ["q"])
    guard let text = query["q"], !text.isEmpty else { throw .badQuery("The parameter \"q\" is missing.") }
    let found = board.read { $0.search(text, limit: Self.searchResults) }
    var json = JSONText()
    json.raw("{\"results\":")
    json.list(found) { json, result in
      json.raw("{\"group\":")
      json.string(result.group)
      json.raw(",\"key\":")
      json.string(result.id)
      json.raw(",\"value\":")
      json.string(result.value)
      json.raw("}")
    }
    json.raw("}\n")
    return Responses.json(json.bytes)
  }

  /// A row by its key values; of a window that starts anew the newest, unless the start is given too.
  private func record(window: String, group: String, key: String) throws(RequestProblem) -> [UInt8] {
    guard let entry = board.read({ $0.entry(window: window, group: group, id: key) }) else {
      throw .notFound("There is no record with the key \"\("\(window)|\(group)|\(key)".prefix(200))\".")
    }
    return entry.value
  }

  private func known() -> String {
    let names = board.read { $0.windowInfos.map(\.name) }
    return names.isEmpty ? "none is known yet" : "known are " + names.joined(separator: ", ")
  }
}
