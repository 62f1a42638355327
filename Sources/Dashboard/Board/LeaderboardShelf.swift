/// The newest leaderboard records, by `<name>|<window>[|<window_start>]`.
struct LeaderboardShelf {
  private struct Held {
    var value: [UInt8]
    /// The text of `window_end`, written alike everywhere and so in the order of time.
    var windowEnd: String
  }

  private var values: [String: Held] = [:]
  private(set) var dropped: UInt64 = 0

  var count: Int { values.count }

  var names: [String] { Set(values.keys.map(Self.name)).sorted() }

  mutating func apply(key: [UInt8], value: [UInt8]?, limit: Int) {
    let key = String(decoding: key, as: UTF8.self)
    guard let value else {
      values[key] = nil
      return
    }
    let board = key.split(separator: "|", maxSplits: 2).prefix(2).joined(separator: "|") + "|"
    // Starts are written alike, so the order of the text is the order of time. Yesterday's board makes room.
    if let newer = values.keys.first(where: { $0.hasPrefix(board) && $0 > key }), newer != key { return }
    for older in values.keys where older.hasPrefix(board) && older < key { values[older] = nil }
    guard values.count < limit || values[key] != nil else {
      dropped += 1
      return
    }
    // The final record of an earlier window comes after the live one of the current window.
    let windowEnd = RecordFields(value).texts(of: ["window_end"])[0] ?? ""
    if let held = values[key], held.windowEnd > windowEnd { return }
    values[key] = Held(value: value, windowEnd: windowEnd)
  }

  func newest(named name: String, window: String?) -> [UInt8]? {
    let prefix = name + "|" + (window ?? "")
    let key = values.keys.filter { key in
      key.hasPrefix(prefix) && (window == nil || key.count == prefix.count || key.hasPrefix(prefix + "|"))
    }.max()
    return key.flatMap { values[$0]?.value }
  }

  private static func name(_ key: String) -> String { String(key.prefix { $0 != "|" }) }
}
