/// Who watched lately: the viewers of each key by pane, for as long as some window may ask for the last 60 s.
struct OnlineViewers {
  /// `online` counts the viewers of this many milliseconds.
  static let span: Int64 = 60_000

  private struct PaneViewers {
    var pane: Int64
    var viewers: Sketch
  }

  /// How many viewers a stretch of panes has, for as long as it is known.
  private struct Count {
    var panes: Range<Int64> = 0..<0
    var count: Int64?
  }

  private struct Key {
    /// In order.
    var panes: [PaneViewers] = []
    /// The last minute as it was last asked for; `viewers` is kept up to date.
    var live = Count()
    var viewers = Sketch()
    /// The minute before the last final window's end.
    var final = Count()

    /// The position of the first pane from `pane` on.
    func position(of pane: Int64) -> Int { panes.partitioningIndex { $0.pane >= pane } }

    func hasViewers(in range: Range<Int64>) -> Bool {
      let first = position(of: range.lowerBound)
      return first < panes.count && panes[first].pane < range.upperBound
    }

    /// Whether two stretches hold the same panes with viewers.
    func isSame(_ a: Range<Int64>, _ b: Range<Int64>) -> Bool {
      a == b
        || a.overlaps(b) && !hasViewers(in: min(a.lowerBound, b.lowerBound)..<max(a.lowerBound, b.lowerBound))
          && !hasViewers(in: min(a.upperBound, b.upperBound)..<max(a.upperBound, b.upperBound))
    }

    /// The viewers of a stretch; the caller clears them.
    func union(_ range: Range<Int64>, in pool: SketchPool) -> Sketch {
      var union = Sketch()
      var i = position(of: range.lowerBound)
      while i < panes.count && panes[i].pane < range.upperBound {
        union.formUnion(panes[i].viewers, in: pool)
        i += 1
      }
      return union
    }
  }

  private let paneLength: Int64
  private var keys: [Key] = []
  private var prunedPane = Int64.min
  /// The keys that have any pane.
  private(set) var active: [Int] = []

  init(paneLength: Int64) { self.paneLength = paneLength }

  /// Adds the viewers that an entry holds. Returns whether the key is new here.
  mutating func add(_ entry: BlockEntry, slot: Int, in pool: SketchPool) -> Bool {
    let added = entry.sketches[1]
    if added.bytes.isEmpty { return false }
    while keys.count <= slot { keys.append(Key()) }
    let pane = entry.pane
    var i = keys[slot].panes.count
    while i > 0 && keys[slot].panes[i - 1].pane > pane { i -= 1 }
    let isNew = keys[slot].panes.isEmpty
    if i == 0 || keys[slot].panes[i - 1].pane != pane {
      keys[slot].panes.insert(PaneViewers(pane: pane, viewers: Sketch()), at: i)
      i += 1
    }
    added.add(to: &keys[slot].panes[i - 1].viewers, in: pool)
    if keys[slot].live.panes.contains(pane) {
      added.add(to: &keys[slot].viewers, in: pool)
      keys[slot].live.count = nil
    }
    if keys[slot].final.panes.contains(pane) { keys[slot].final = Count() }
    if isNew { active.append(slot) }
    return isNew
  }

  /// Calls `body` with what is kept of a key.
  func visit(slot: Int, _ body: (_ pane: Int64, _ viewers: Sketch) -> Void) {
    guard slot < keys.count else { return }
    for one in keys[slot].panes { body(one.pane, one.viewers) }
  }

  private func panes(_ from: Int64, _ to: Int64) -> Range<Int64> {
    let first = floorDivide(from, paneLength)
    return first..<max(first, floorDivide(to, paneLength))
  }

  /// The distinct viewers of a key in [`from`, `to`), both multiples of the pane, ms: of a stretch that is asked for
  /// once or a few times.
  mutating func count(slot: Int, from: Int64, to: Int64, in pool: SketchPool) -> Int64 {
    guard slot < keys.count else { return 0 }
    let panes = panes(from, to)
    if keys[slot].final.panes == panes, let known = keys[slot].final.count { return known }
    var union = keys[slot].union(panes, in: pool)
    let count = union.estimate
    union.clear(in: pool)
    keys[slot].final = Count(panes: panes, count: count)
    return count
  }

  /// The same of the current minute, which is asked for again and again while it moves on.
  mutating func liveCount(slot: Int, from: Int64, to: Int64, in pool: SketchPool) -> Int64 {
    guard slot < keys.count, !keys[slot].panes.isEmpty else { return 0 }
    let panes = panes(from, to)
    if !keys[slot].isSame(keys[slot].live.panes, panes) {
      keys[slot].viewers.clear(in: pool)
      keys[slot].viewers = keys[slot].union(panes, in: pool)
      keys[slot].live = Count(panes: panes, count: nil)
    }
    if let known = keys[slot].live.count { return known }
    let count = keys[slot].viewers.estimate
    keys[slot].live.count = count
    return count
  }

  /// Whether a key had a viewer in [`from`, `to`), both multiples of the pane, ms.
  func has(slot: Int, from: Int64, to: Int64) -> Bool {
    guard slot < keys.count, !keys[slot].panes.isEmpty, from < to else { return false }
    return keys[slot].hasViewers(in: panes(from, to))
  }

  /// Drops the panes that end at or before `time`. Calls `released` with each key that has none left.
  mutating func prune(endingBy time: Int64, in pool: SketchPool, released: (Int) -> Void) {
    let first = floorDivide(time, paneLength)
    if first == prunedPane { return }
    prunedPane = first
    var i = active.count
    while i > 0 {
      i -= 1
      let slot = active[i]
      var gone = 0
      while gone < keys[slot].panes.count && keys[slot].panes[gone].pane < first {
        keys[slot].panes[gone].viewers.clear(in: pool)
        gone += 1
      }
      if gone == 0 { continue }
      keys[slot].panes.removeFirst(gone)
      // Whether one of them was in the current minute could no longer be told when it moves on.
      if keys[slot].live.panes.lowerBound < first {
        keys[slot].viewers.clear(in: pool)
        keys[slot].live = Count()
      }
      if keys[slot].panes.isEmpty {
        keys[slot].viewers.clear(in: pool)
        keys[slot] = Key()
        active.swapAt(i, active.count - 1)
        active.removeLast()
        released(slot)
      }
    }
  }
}
