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

  /// Replaces the state of an entry's key by a newer one and leaves in `entry` what it has more than the last one.
  /// Returns `false` if it is older than what is known; `isNew` says whether the key is held here from now on.
  mutating func replace(
    _ entry: inout BlockEntry, slot: Int, source: Int, offset: Int64, isNew: inout Bool
  ) -> Bool {
    isNew = false
    let pane: Pane
    if let known = panes[entry.pane] {
      pane = known
    } else {
      pane = Pane()
      panes[entry.pane] = pane
    }
    let hash = KeyText.mix(entry.hash, UInt64(source) &+ 1)
    let rows = pane.contents.rows.base
    if let i = pane.contents.index.find(hash, where: { rows[$0].slot == slot && rows[$0].source == source }) {
      if offset < rows[i].offset { return false }
      let earlier = rows[i].counters
      rows[i].counters = entry.counters
      rows[i].offset = offset
      entry.counters = entry.counters.since(earlier)
    } else {
      let position = pane.contents.rows.append(
        Row(hash: hash, slot: slot, source: source, offset: offset, counters: entry.counters))
      let all = pane.contents.rows.base
      pane.contents.index.insert(hash, position: position) { all[$0].hash }
      isNew = true
    }
    return true
  }

  /// Forgets the panes that end at or before `time`. Calls `released` with each row's key.
  mutating func prune(endingBy time: Int64, paneLength: Int64, released: (Int) -> Void) {
    for (index, pane) in panes where (index + 1) * paneLength <= time {
      for i in 0..<pane.contents.rows.count { released(pane.contents.rows[i].slot) }
      panes[index] = nil
    }
  }
}
