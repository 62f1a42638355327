// Invariant that makes this file safe: a row's counters are `Row.contents`' bits, in order, in `PaneRows.values` from
// `Row.position` on: a word each, or two where `Row.isWide`.

/// What each source partition has counted of each key in each open pane: a partial replaces the earlier one of its
/// identity, so only what it has more than that one is added to the windows.
///
/// There is a row for every key in each of the panes of a minute, so a row is small: 24 bytes and a few words for the
/// counters that are not 0.
struct Contributions: ~Copyable {
  private struct Row: BitwiseCopyable {
    var offset: Int64
    var slot: UInt32
    var source: UInt32
    var position: UInt32
    /// Which counters are not 0.
    var contents: UInt32
    static let wide: UInt32 = 1 << 31
    /// Whether a counter takes more than 32 bits, so that each has two words.
    var isWide: Bool { contents & Self.wide != 0 }
  }

  private struct PaneRows: ~Copyable {
    var index = IndexTable()
    var rows = Storage<Row>()
    var values = Storage<UInt32>()

    func counters(_ row: Row) -> Counters {
      var counters = Counters()
      var bits = row.contents & PackedAccumulator.counterMask
      var at = Int(row.position)
      while bits != 0 {
        var value = UInt64(values[at])
        at += 1
        if row.isWide {
          value |= UInt64(values[at]) << 32
          at += 1
        }
        counters.values[bits.trailingZeroBitCount] = Int64(bitPattern: value)
        bits &= bits - 1
      }
      return counters
    }

    /// Puts a row's counters where they were, if they take the same place, and behind the others if not.
    mutating func store(_ counters: Counters, of row: inout Row, isNew: Bool) {
      var contents = PackedAccumulator.contents(of: counters, sketches: 0)
      var bits = contents
      while bits != 0 {
        if UInt64(bitPattern: counters.values[bits.trailingZeroBitCount]) > UInt64(UInt32.max) { contents |= Row.wide }
        bits &= bits - 1
      }
      let isInPlace = !isNew && contents == row.contents
      row.contents = contents
      if !isInPlace {
        let words = (contents & PackedAccumulator.counterMask).nonzeroBitCount * (row.isWide ? 2 : 1)
        row.position = UInt32(values.append(repeating: 0, count: words))
      }
      var at = Int(row.position)
      bits = contents & PackedAccumulator.counterMask
      while bits != 0 {
        let value = UInt64(bitPattern: counters.values[bits.trailingZeroBitCount])
        values[at] = UInt32(truncatingIfNeeded: value)
        at += 1
        if row.isWide {
          values[at] = UInt32(truncatingIfNeeded: value >> 32)
          at += 1
        }
        bits &= bits - 1
      }
    }
  }

  private final class Pane {
    @exclusivity(unchecked) var contents = PaneRows()
  }

  private var panes: [Int64: Pane] = [:]
  private var current: (index: Int64, pane: Pane)?

  private static func hash(_ slot: UInt32, _ source: UInt32) -> UInt64 {
    KeyText.mix(0x9E37_79B9_7F4A_7C15, UInt64(slot) << 32 | UInt64(source))
  }

  /// Replaces the state of an entry's key by a newer one and leaves in `entry` what its counters have more than the
  /// last ones: nothing if it is older than what is known. Returns whether the key is held here from now on.
  mutating func replace(_ entry: inout BlockEntry, slot: Int, source: Int, offset: Int64) -> Bool {
    let pane = pane(entry.pane)
    let (slot, source) = (UInt32(slot), UInt32(source))
    let rows = pane.contents.rows.base
    let hash = Self.hash(slot, source)
    guard let i = pane.contents.index.find(hash, where: { rows[$0].slot == slot && rows[$0].source == source }) else {
      append(entry.counters, slot: slot, source: source, offset: offset, to: pane)
      return true
    }
    let marks = PackedAccumulator.sketches(entry.contents)
    if offset < rows[i].offset {
      entry.counters = Counters()
    } else {
      let earlier = pane.contents.counters(rows[i])
      rows[i].offset = offset
      pane.contents.store(entry.counters, of: &rows[i], isNew: false)
      entry.counters = entry.counters.since(earlier)
    }
    entry.contents = PackedAccumulator.contents(of: entry.counters, sketches: marks)
    return false
  }

  private mutating func pane(_ index: Int64) -> Pane {
    if let current, current.index == index { return current.pane }
    let pane = panes[index] ?? Pane()
    panes[index] = pane
    current = (index, pane)
    return pane
  }

  private func append(_ counters: Counters, slot: UInt32, source: UInt32, offset: Int64, to pane: Pane) {
    var row = Row(offset: offset, slot: slot, source: source, position: 0, contents: 0)
    pane.contents.store(counters, of: &row, isNew: true)
    let position = pane.contents.rows.append(row)
    let all = pane.contents.rows.base
    pane.contents.index.insert(Self.hash(slot, source), position: position) { Self.hash(all[$0].slot, all[$0].source) }
  }

  /// Calls `body` with every state, pane by pane.
  func visit(_ body: (_ pane: Int64, _ slot: Int, _ source: Int, _ offset: Int64, _ counters: Counters) -> Void) {
    for (index, pane) in panes {
      for i in 0..<pane.contents.rows.count {
        let row = pane.contents.rows[i]
        body(index, Int(row.slot), Int(row.source), row.offset, pane.contents.counters(row))
      }
    }
  }

  /// Puts back a state that ``visit(_:)`` gave; the key is held here from now on.
  mutating func restore(pane index: Int64, slot: Int, source: Int, offset: Int64, counters: Counters) {
    append(counters, slot: UInt32(slot), source: UInt32(source), offset: offset, to: pane(index))
  }

  /// Forgets the panes that end at or before `time`. Calls `released` with each row's key.
  mutating func prune(endingBy time: Int64, paneLength: Int64, released: (Int) -> Void) {
    for (index, pane) in panes where (index + 1) * paneLength <= time {
      for i in 0..<pane.contents.rows.count { released(Int(pane.contents.rows[i].slot)) }
      panes[index] = nil
      current = nil
    }
  }
}
