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
  }

  let window: String
  let group: String
  private(set) var entries: [Entry] = []
  private(set) var version: UInt64 = 0
  private var ranked: (version: UInt64, count: Int, order: [Int])?

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

  /// The first `count` entries by GMV, then by key; of the same order whatever came first.
  mutating func top(_ count: Int) -> [Entry] {
    if let ranked, ranked.version == version, ranked.count == count { return ranked.order.map { entries[$0] } }
    var order: [Int] = []
    order.reserveCapacity(count + 1)
    for index in entries.indices {
      if order.count == count {
        guard let worst = order.last, precedes(index, worst) else { continue }
        order.removeLast()
      }
      var low = 0
      var high = order.count
      while low < high {
        let middle = (low + high) / 2
        if precedes(index, order[middle]) { high = middle } else { low = middle + 1 }
      }
      order.insert(index, at: low)
    }
    ranked = (version, count, order)
    return order.map { entries[$0] }
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    if entries[a].gmv != entries[b].gmv { return entries[a].gmv > entries[b].gmv }
    return entries[a].key.lexicographicallyPrecedes(entries[b].key)
  }
}
