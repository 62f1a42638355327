// Invariant that makes this file safe: all accumulators of a pane use the pool it was made with; `targets` holds
// `plan.groups.count` entries per leaf row, each a row of that group's table or one of the two marks. The rows of events
// that wait in the ring are marked as pending and lie in `leaves`: nothing waits when no leaf is pending.

import CPrefetch
import LiveEvents

/// The counted events of one source partition in one pane.
///
/// An event touches one accumulator, that of its finest key. Taking the pane over merges those into every group; so the
/// leaf table is a cache in front of the groups' tables that may be emptied at any time. A key's counters are kept until
/// the pane closes; its sketches hold only the members that have not been sent, since a member may be sent twice.
struct Pane: ~Copyable {
  /// A leaf table is emptied into the groups when it has this many keys, so that its size does not depend on how many
  /// combinations of identifiers occur: 64 Ki leaves of about 300 bytes are 20 MB.
  static let maxLeaves = 1 << 16

  /// Which row of a group a leaf adds to, once known.
  private static let unresolved = UInt32.max
  private static let none = UInt32.max - 1

  /// How many events later a row is written than it was found: about what memory takes to answer. A power of two.
  private static let addDistance = 16
  /// How many events later a row's sketch is asked for.
  private static let sketchDistance = 8
  /// Bytes that come from memory at once; the counters of most events lie in the second of a row.
  private static let cacheLine = 64

  /// An event whose row has been found and asked for.
  private struct Waiting: BitwiseCopyable {
    var row: UInt32
    var event: CountedEvent
  }

  /// The keys of one group, and which of them are to be sent.
  struct GroupTable: ~Copyable {
    var rows = KeyRows()
    /// Rows that changed since they were last sent, in the order in which they first did.
    var dirty = Storage<UInt32>()
    /// The overflow key's row, once there is one.
    var overflowRow: Int?
  }

  /// The pane's number: its start divided by the length of a pane.
  private(set) var index: Int64
  private var leaves = KeyRows()
  private var targets = Storage<UInt32>()
  private var pendingLeaves = Storage<UInt32>()
  private let groups: UnsafeMutablePointer<GroupTable>
  private let groupCount: Int
  private let pool: SketchPool
  /// The last events, a ring; those before were counted.
  private let waiting: UnsafeMutablePointer<Waiting>
  /// Events since the ring was last empty.
  private var arrivals = 0

  init(index: Int64, groupCount: Int, pool: SketchPool) {
    self.index = index
    self.pool = pool
    self.groupCount = groupCount
    groups = .allocate(capacity: groupCount)
    for i in 0..<groupCount { (groups + i).initialize(to: GroupTable()) }
    waiting = .allocate(capacity: Self.addDistance)
  }

  deinit {
    groups.deinitialize(count: groupCount)
    groups.deallocate()
    waiting.deallocate()
  }

  /// Whether something counted has not been sent.
  var isDirty: Bool {
    if pendingLeaves.count > 0 { return true }
    for i in 0..<groupCount where groups[i].dirty.count > 0 { return true }
    return false
  }

  /// Bytes of memory held.
  var byteCount: Int {
    var bytes = leaves.byteCount + targets.byteCount + pendingLeaves.byteCount
    for i in 0..<groupCount { bytes += groups[i].rows.byteCount + groups[i].dirty.byteCount }
    return bytes
  }

  /// How many keys the groups have.
  var rowCount: Int {
    var count = 0
    for i in 0..<groupCount { count += groups[i].rows.count }
    return count
  }

  /// Empties the pane, of which everything has been sent, for another use.
  mutating func reset(index: Int64) {
    self.index = index
    leaves.removeAll()
    targets.removeAll()
    pendingLeaves.removeAll()
    for i in 0..<groupCount {
      groups[i].rows.removeAll()
      groups[i].dirty.removeAll()
      groups[i].overflowRow = nil
    }
  }

  /// Counts an event of this pane, whose leaf key has the hash `leaf` and is told by `matches` and `text`.
  @inline(__always)
  mutating func add(
    _ event: CountedEvent, leaf hash: UInt64, plan: borrowing LanePlan, journal: LaneJournal?,
    matches: (UnsafePointer<UInt8>, Int) -> Bool, text: (borrowing LanePlan) -> UnsafeRawBufferPointer
  ) {
    let row = leaves.find(hash, where: matches) ?? addLeaf(hash, plan, journal, text)
    if leaves.mark(row) { pendingLeaves.append(UInt32(truncatingIfNeeded: row)) }
    lt_prefetch(leaves.pointer(row))
    lt_prefetch(UnsafeRawPointer(leaves.pointer(row)) + Self.cacheLine)
    // The row and then its sketch are asked for some events before they are written, so that nothing waits for memory.
    let next = arrivals
    arrivals &+= 1
    if next >= Self.sketchDistance {
      let one = waiting[slot(next &- Self.sketchDistance)]
      lt_prefetch(leaves.pointer(Int(one.row)).pointee.sketchAddress(of: one.event))
    }
    if next >= Self.addDistance { apply(waiting[slot(next &- Self.addDistance)]) }
    waiting[slot(next)] = Waiting(row: UInt32(truncatingIfNeeded: row), event: event)
  }

  @inline(__always) private func slot(_ arrival: Int) -> Int { arrival & (Self.addDistance - 1) }

  @inline(__always) private func apply(_ one: Waiting) {
    leaves.pointer(Int(one.row)).pointee.add(one.event, in: pool)
  }

  /// Counts the events that still wait for their row.
  private mutating func applyWaiting() {
    for arrival in max(0, arrivals - Self.addDistance)..<arrivals { apply(waiting[slot(arrival)]) }
    arrivals = 0
  }

  /// Asks for the memory in which a leaf key will be looked for.
  @inline(__always) func prefetch(leaf hash: UInt64) { leaves.prefetch(hash) }

  @inline(never)
  private mutating func addLeaf(
    _ hash: UInt64, _ plan: borrowing LanePlan, _ journal: LaneJournal?,
    _ text: (borrowing LanePlan) -> UnsafeRawBufferPointer
  ) -> Int {
    if leaves.count == Self.maxLeaves {
      mergeLeaves(plan, journal)
      leaves.removeAll()
      targets.removeAll()
    }
    targets.append(repeating: Self.unresolved, count: groupCount)
    return leaves.append(hash, text: text(plan))
  }

  /// Merges what the leaves have counted into the groups, and notes it in the journal.
  mutating func mergeLeaves(_ plan: borrowing LanePlan, _ journal: LaneJournal?) {
    applyWaiting()
    if let journal, pendingLeaves.count > 0 { journal.begin(pane: index) }
    for i in 0..<pendingLeaves.count {
      let row = Int(pendingLeaves[i])
      let leaf = leaves.pointer(row)
      journal?.note(leaf: leaves.text(row), leaf.pointee)
      for group in 0..<groupCount {
        let slot = row * groupCount + group
        if targets[slot] == Self.unresolved { targets[slot] = resolve(leaf: row, group: group, plan) }
        if targets[slot] == Self.none { continue }
        groups[group].rows.pointer(Int(targets[slot])).pointee.take(
          &leaf.pointee, isLast: group == groupCount - 1, in: pool)
        if groups[group].rows.mark(Int(targets[slot])) { groups[group].dirty.append(targets[slot]) }
      }
      leaf.pointee.clear(in: pool)
      leaves.unmark(row)
    }
    pendingLeaves.removeAll()
  }

  /// The row of `group` to which the leaf adds.
  private mutating func resolve(leaf row: Int, group: Int, _ plan: borrowing LanePlan) -> UInt32 {
    resolve(leaves.text(row), group: group, plan)
  }

  private mutating func resolve(
    _ text: UnsafeRawBufferPointer, group: Int, _ plan: borrowing LanePlan
  ) -> UInt32 {
    guard let key = plan.project(text, onto: group) else { return Self.none }
    let hash = KeyText.hash(key, group: plan.groupHash(group))
    if let row = groups[group].rows.find(hash, text: key) { return UInt32(row) }
    let ordinary = groups[group].rows.count - (groups[group].overflowRow == nil ? 0 : 1)
    if ordinary < plan.maxKeys { return UInt32(groups[group].rows.append(hash, text: key)) }
    return UInt32(overflowRow(of: group, plan))
  }

  private mutating func overflowRow(of group: Int, _ plan: borrowing LanePlan) -> Int {
    if let row = groups[group].overflowRow { return row }
    let overflow = KeyText.overflowHash(group: plan.groupHash(group))
    let row = groups[group].rows.append(overflow, text: UnsafeRawBufferPointer(start: nil, count: 0))
    groups[group].overflowRow = row
    return row
  }

  /// How many events' keys went to overflow keys is not known here; whether there is one is.
  var hasOverflow: Bool {
    for i in 0..<groupCount where groups[i].overflowRow != nil { return true }
    return false
  }

  /// Writes every key that changed since the last time and marks it as sent.
  mutating func send(to writer: BlockWriters, plan: borrowing LanePlan, journal: LaneJournal?) {
    mergeLeaves(plan, journal)
    for group in 0..<groupCount {
      let dirty = groups[group].dirty.count
      for i in 0..<dirty {
        let row = Int(groups[group].dirty[i])
        let pointer = groups[group].rows.pointer(row)
        groups[group].rows.unmark(row)
        let isOverflow = groups[group].overflowRow == row
        writer.write(
          pane: index, group: group, hash: groups[group].rows.hash(row), isOverflow: isOverflow,
          text: groups[group].rows.text(row), accumulator: pointer.pointee)
        pointer.pointee.clearSketches(in: pool)
      }
      groups[group].dirty.removeAll()
    }
  }

  // MARK: Checkpoint

  /// Notes the state of every key, from which the pane can be restored.
  func writeRows(to journal: LaneJournal) {
    for group in 0..<groupCount where groups[group].rows.count > 0 {
      journal.begin(pane: index, group: group)
      for row in 0..<groups[group].rows.count {
        journal.note(
          row: groups[group].rows.text(row), isOverflow: groups[group].overflowRow == row,
          groups[group].rows.pointer(row).pointee)
      }
    }
  }

  /// Adds what a leaf had counted to the groups, as something that has been sent.
  mutating func restore(leaf text: UnsafeRawBufferPointer, _ accumulator: Accumulator, plan: borrowing LanePlan) {
    for group in 0..<groupCount {
      let row = resolve(text, group: group, plan)
      if row != Self.none { groups[group].rows.pointer(Int(row)).pointee.merge(accumulator, in: pool) }
    }
  }

  /// Adds a key's state, as something that has been sent.
  mutating func restore(
    row text: UnsafeRawBufferPointer, isOverflow: Bool, group: Int, _ accumulator: Accumulator,
    plan: borrowing LanePlan
  ) {
    let row: Int
    if isOverflow {
      row = overflowRow(of: group, plan)
    } else {
      let hash = KeyText.hash(text, group: plan.groupHash(group))
      row = groups[group].rows.find(hash, text: text) ?? groups[group].rows.append(hash, text: text)
    }
    groups[group].rows.pointer(row).pointee.merge(accumulator, in: pool)
  }
}
