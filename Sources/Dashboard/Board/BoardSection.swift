/// The rows of one group in one window.
struct BoardSection: Sendable {
  struct Entry: Sendable {
    var key: [UInt8]
    /// The part of the key after the group.
    var row: String
    var value: [UInt8]
    var gmv: Double
    /// Zero where the key carries no window start.
    var startMilliseconds: Int64
    var endMilliseconds: Int64
    /// The board's version when this entry last changed.
    var version: UInt64
    /// Only in the shortest rolling window of its group.
    var trend: TrendLine?

    /// The key's values joined by `/`, without a window start.
    var id: Substring { row.prefix { $0 != "|" } }
  }

  private struct Ranking: Sendable {
    var version: UInt64
    var field: MetricName
    var count: Int
    var order: [Int]
  }

  /// Rankings kept at a time: some clients look at one metric, others at another.
  private static let maxRankings = 8

  let window: String
  let group: String
  private(set) var entries: [Entry] = []
  private(set) var version: UInt64 = 0
  private var rankings: [Ranking] = []

  init(window: String, group: String) {
    self.window = window
    self.group = group
  }

  mutating func append(_ entry: Entry) -> Int {
    entries.append(entry)
    version = entry.version
    return entries.count - 1
  }

  mutating func update(_ index: Int, _ change: (inout Entry) -> Void) {
    change(&entries[index])
    version = entries[index].version
  }

  /// Gives every entry an empty trend, or none.
  mutating func keepsTrends(_ line: TrendLine?) {
    for index in entries.indices { entries[index].trend = line }
  }

  /// Adds to the trend of an entry that has one.
  mutating func updateTrend(_ index: Int, _ change: (inout TrendLine) -> Void) {
    if entries[index].trend != nil { change(&entries[index].trend!) }
  }

  /// Takes an entry out and puts the last one in its place.
  ///
  /// - Returns: The key of the entry that has moved to `index`, if any.
  mutating func remove(_ index: Int, version: UInt64) -> [UInt8]? {
    self.version = version
    let last = entries.removeLast()
    guard index < entries.count else { return nil }
    entries[index] = last
    return last.key
  }

  /// The first `count` entries by a metric, then by key; of the same order whatever came first. Entries in which the
  /// metric is null come last.
  mutating func top(_ count: Int, by field: MetricName = .gmv) -> [Entry] {
    rankings.removeAll { $0.version != version }
    if let known = rankings.first(where: { $0.field == field && $0.count == count }) {
      return known.order.map { entries[$0] }
    }
    let order = ranked(count, by: field, among: entries.indices)
    if rankings.count == Self.maxRankings { rankings.removeFirst() }
    rankings.append(Ranking(version: version, field: field, count: count, order: order))
    return order.map { entries[$0] }
  }

  /// The first `count` of the entries that `isWanted` chooses.
  func top(_ count: Int, by field: MetricName, where isWanted: (Entry) -> Bool) -> [Entry] {
    ranked(count, by: field, among: entries.indices.filter { isWanted(entries[$0]) }).map { entries[$0] }
  }

  private func ranked(_ count: Int, by field: MetricName, among candidates: some Collection<Int>) -> [Int] {
    var best: [(index: Int, value: Double)] = []
    best.reserveCapacity(count + 1)
    func precedes(_ a: (index: Int, value: Double), _ b: (index: Int, value: Double)) -> Bool {
      if a.value != b.value { return a.value > b.value }
      return entries[a.index].key.lexicographicallyPrecedes(entries[b.index].key)
    }
    for index in candidates {
      let candidate = (index, value(of: field, index))
      if best.count == count {
        guard let worst = best.last, precedes(candidate, worst) else { continue }
        best.removeLast()
      }
      best.insert(candidate, at: best.partitioningIndex { precedes(candidate, $0) })
    }
    return best.map(\.index)
  }

  private func value(of field: MetricName, _ index: Int) -> Double {
    if field == .gmv { return entries[index].gmv }
    return RecordFields(entries[index].value).number(of: field.text) ?? -.infinity
  }
}
