/// Who watched lately: the viewers of each key by pane, for as long as some window may ask for the last 60 s.
struct OnlineViewers {
  /// `online` counts the viewers of this many milliseconds.
  static let span: Int64 = 60_000

  private struct PaneViewers {
    var pane: Int64
    var viewers: Sketch
  }

  private var panes: [[PaneViewers]] = []
  /// The keys that have any pane.
  private(set) var active: [Int] = []

  /// Adds the viewers that an entry holds. Returns whether the key is new here.
  mutating func add(_ entry: BlockEntry, slot: Int, in pool: SketchPool) -> Bool {
    let viewers = entry.sketches[1]
    if viewers.bytes.isEmpty { return false }
    while panes.count <= slot { panes.append([]) }
    var i = panes[slot].count
    while i > 0 && panes[slot][i - 1].pane > entry.pane { i -= 1 }
    let isNew = panes[slot].isEmpty
    if i == 0 || panes[slot][i - 1].pane != entry.pane {
      panes[slot].insert(PaneViewers(pane: entry.pane, viewers: Sketch()), at: i)
      i += 1
    }
    viewers.add(to: &panes[slot][i - 1].viewers, in: pool)
    if isNew { active.append(slot) }
    return isNew
  }

  /// Calls `body` with what is kept of a key.
  func visit(slot: Int, _ body: (_ pane: Int64, _ viewers: Sketch) -> Void) {
    guard slot < panes.count else { return }
    for one in panes[slot] { body(one.pane, one.viewers) }
  }

  /// The distinct viewers of a key in [`from`, `to`), both multiples of the pane, ms.
  func count(slot: Int, from: Int64, to: Int64, paneLength: Int64, in pool: SketchPool) -> Int64 {
    guard slot < panes.count else { return 0 }
    let first = floorDivide(from, paneLength)
    let end = floorDivide(to, paneLength)
    var union = Sketch()
    var only: Int?
    var found = 0
    for i in panes[slot].indices where panes[slot][i].pane >= first && panes[slot][i].pane < end {
      found += 1
      if found == 1 {
        only = i
        continue
      }
      if found == 2 { union.formUnion(panes[slot][only!].viewers, in: pool) }
      union.formUnion(panes[slot][i].viewers, in: pool)
    }
    if found == 0 { return 0 }
    if found == 1 { return panes[slot][only!].viewers.estimate }
    let estimate = union.estimate
    union.clear(in: pool)
    return estimate
  }

  /// Whether a key had a viewer in [`from`, `to`).
  func has(slot: Int, from: Int64, to: Int64, paneLength: Int64) -> Bool {
    guard slot < panes.count, let last = panes[slot].last else { return false }
    return last.pane >= floorDivide(from, paneLength)
      && panes[slot].contains { $0.pane >= floorDivide(from, paneLength) && $0.pane < floorDivide(to, paneLength) }
  }

  /// Drops the panes that end at or before `time`. Calls `released` with each key that has none left.
  mutating func prune(endingBy time: Int64, paneLength: Int64, in pool: SketchPool, released: (Int) -> Void) {
    let first = floorDivide(time, paneLength)
    var i = active.count
    while i > 0 {
      i -= 1
      let slot = active[i]
      var gone = 0
      while gone < panes[slot].count && panes[slot][gone].pane < first {
        panes[slot][gone].viewers.clear(in: pool)
        gone += 1
      }
      if gone == 0 { continue }
      panes[slot].removeFirst(gone)
      if panes[slot].isEmpty {
        active.swapAt(i, active.count - 1)
        active.removeLast()
        released(slot)
      }
    }
  }
}
