/// A key that was searched for.
struct FoundKey: Sendable, Equatable {
  var group: String
  /// The value as in Kafka keys.
  var id: String
  /// The value itself.
  var value: String
}

extension BoardState {
  /// Keys of groups of one field whose value contains `text`, whatever the case of ASCII letters: equal ones first,
  /// then those that begin with it, then by GMV.
  func search(_ text: String, limit: Int) -> [FoundKey] {
    let wanted = Self.folded(text.utf8)
    var best: [(rank: Int, gmv: Double, key: FoundKey)] = []
    for field in Self.rankedFields {
      // The widest window knows the most keys.
      guard let window = windowInfos(of: field).last(where: { $0.kind != .session }),
        let section = section(window: window.name, group: field)
      else { continue }
      for entry in section.entries {
        let id = String(entry.id)
        let value = id.contains("%") ? Self.decoded(id) : id
        guard let rank = Self.rank(Self.folded(value.utf8), wanted) else { continue }
        let found = (rank: rank, gmv: entry.gmv, key: FoundKey(group: field, id: id, value: value))
        let place = best.partitioningIndex { (rank, -entry.gmv) < ($0.rank, -$0.gmv) }
        guard place < limit else { continue }
        best.insert(found, at: place)
        if best.count > limit { best.removeLast() }
      }
    }
    return best.map(\.key)
  }

  private static func rank(_ value: [UInt8], _ wanted: [UInt8]) -> Int? {
    guard value.count >= wanted.count else { return nil }
    if value.starts(with: wanted) { return value.count == wanted.count ? 0 : 1 }
    let last = value.count - wanted.count
    return (0...last).contains { value[$0...].starts(with: wanted) } ? 2 : nil
  }

  private static func folded(_ text: some Sequence<UInt8>) -> [UInt8] {
    text.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
  }

  /// Undoes the percent-encoding of Kafka keys, which concerns `|`, `/` and `%` only.
  private static func decoded(_ id: String) -> String {
    id.split(separator: "%", omittingEmptySubsequences: false).enumerated().map { index, part in
      guard index > 0 else { return String(part) }
      switch part.prefix(2).uppercased() {
      case "7C": return "|" + part.dropFirst(2)
      case "2F": return "/" + part.dropFirst(2)
      case "25": return "%" + part.dropFirst(2)
      default: return "%" + part
      }
    }.joined()
  }
}
