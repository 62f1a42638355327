/// What each source partition has counted of each key in each open pane: a partial replaces the earlier one of its
/// identity, so only what it has more than that one is added to the windows.
struct Contributions: ~Copyable {
  private struct Row: BitwiseCopyable {
    var hash: UInt64
    var slot: Int
    var source: Int
    var offset: Int64
    var counters: Counters
  }

  private struct PaneRows: ~Copyable {
    var index = IndexTable()
    var rows = Storage<Row>()
  }

  private final class Pane {
    var contents = PaneRows()
  }

  private var panes: [Int64: Pane] = [:]

  /// How many panes are open.
  var paneCount: Int { panes.count }

  /// Replaces the state of an entry's key by a newer one and leaves in `entry` what its counters have more than the
  /// last ones: nothing if it is older than what is known. Returns whether the key is held here from now on.
  mutating func replace(_ entry: inout BlockEntry, slot: Int, source: Int, offset: Int64) -> Bool {
    let pane = pane(entry.pane)
    let hash = KeyText.mix(entry.hash, UInt64(source) &+ 1)
    let rows = pane.contents.rows.base
    if let i = pane.contents.index.find(hash, where: { rows[$0].slot == slot && rows[$0].source == source }) {
      if offset < rows[i].offset {
        entry.counters = Counters()
        return false
      }
      let earlier = rows[i].counters
      rows[i].counters = entry.counters
      rows[i].offset = offset
      entry.counters = entry.counters.since(earlier)
      return false
    }
    append(Row(hash: hash, slot: slot, source: source, offset: offset, counters: entry.counters), to: pane)
    return true
  }

  private mutating func pane(_ index: Int64) -> Pane {
    if let known = panes[index] { return known }
    let pane = Pane()
    panes[index] = pane
    return pane
  }

  private func append(_ row: Row, to pane: Pane) {
    let position = pane.contents.rows.append(row)
    let all = pane.contents.rows.base
    pane.contents.index.insert(row.hash, position: position) { all[$0].hash }
  }

  /// Calls `body` with every state, pane by pane.
  func visit(_ body: (_ pane: Int64, _ slot: Int, _ source: Int, _ offset: Int64, _ counters: Counters) -> Void) {
    for (index, pane) in panes {
      for i in 0..<pane.contents.rows.count {
        let row = pane.contents.rows[i]
        body(index, row.slot, row.source, row.offset, row.counters)
      }
    }
  }

  /// Puts back a state that ``visit(_:)`` gave; the key is held here from now on.
  mutating func restore(
    pane index: Int64, slot: Int, keyHash: UInt64, source: Int, offset: Int64, counters: Counters
  ) {
    let hash = KeyText.mix(keyHash, UInt64(source) &+ 1)
    append(Row(hash: hash, slot: slot, source: source, offset: offset, counters: counters), to: pane(index))
  }

  /// Forgets the panes that end at or before `time`. Calls `released` with each row's key.
  mutating func prune(endingBy time: Int64, paneLength: Int64, released: (Int) -> Void) {
    for (index, pane) in panes where (index + 1) * paneLength <= time {
      for i in 0..<pane.contents.rows.count { released(pane.contents.rows[i].slot) }
      panes[index] = nil
    }
  }
}
