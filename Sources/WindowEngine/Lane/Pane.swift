// Invariant that makes this file safe: all accumulators of a pane use the pool it was made with; `targets` holds
// `plan.groups.count` entries per leaf row, each a row of that group's table or one of the two marks.

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

  init(index: Int64, groupCount: Int, pool: SketchPool) {
    self.index = index
    self.pool = pool
    self.groupCount = groupCount
    groups = .allocate(capacity: groupCount)
    for i in 0..<groupCount { (groups + i).initialize(to: GroupTable()) }
  }

  deinit {
    groups.deinitialize(count: groupCount)
    groups.deallocate()
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

  /// Counts an event of this pane.
  @inline(__always)
  mutating func add(_ event: Event, plan: borrowing LanePlan, journal: LaneJournal?) {
    var hash = LanePlan.leafSeed
    for field in plan.leafFields { hash = KeyText.mix(hash, LanePlan.hash(of: field, in: event)) }
    let row =
      leaves.find(hash) { text, length in LanePlan.matches(event, plan.leafFields, text) }
      ?? addLeaf(hash, event, plan, journal)
    let leaf = leaves.pointer(row)
    if !leaf.pointee.isPending {
      leaf.pointee.isPending = true
      pendingLeaves.append(UInt32(truncatingIfNeeded: row))
    }
    leaf.pointee.accumulator.add(event, in: pool)
  }

  @inline(never)
  private mutating func addLeaf(
    _ hash: UInt64, _ event: Event, _ plan: borrowing LanePlan, _ journal: LaneJournal?
  ) -> Int {
    if leaves.count == Self.maxLeaves {
      mergeLeaves(plan, journal)
      leaves.removeAll()
      targets.removeAll()
    }
    targets.append(repeating: Self.unresolved, count: groupCount)
    return LanePlan.withText(of: event, plan.leafFields) { leaves.append(hash, text: $0) }
  }

  /// Merges what the leaves have counted into the groups, and notes it in the journal.
  mutating func mergeLeaves(_ plan: borrowing LanePlan, _ journal: LaneJournal?) {
    if let journal, pendingLeaves.count > 0 { journal.begin(pane: index) }
    for i in 0..<pendingLeaves.count {
      let row = Int(pendingLeaves[i])
      let leaf = leaves.pointer(row)
      journal?.note(leaf: leaves.text(row), leaf.pointee.accumulator)
      for group in 0..<groupCount {
        let slot = row * groupCount + group
        if targets[slot] == Self.unresolved { targets[slot] = resolve(leaf: row, group: group, plan) }
        if targets[slot] == Self.none { continue }
        let target = groups[group].rows.pointer(Int(targets[slot]))
        target.pointee.accumulator.merge(leaf.pointee.accumulator, in: pool)
        if !target.pointee.isPending {
          target.pointee.isPending = true
          groups[group].dirty.append(targets[slot])
        }
      }
      leaf.pointee.accumulator.clear(in: pool)
      leaf.pointee.isPending = false
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
    withUnsafeTemporaryAllocation(byteCount: KeyText.maxLength, alignment: 1) { buffer in
      guard let length = plan.project(text, onto: group, into: buffer) else { return Self.none }
      let key = UnsafeRawBufferPointer(start: buffer.baseAddress, count: length)
      let hash = KeyText.hash(key, group: plan.groupHash(group))
      if let row = groups[group].rows.find(hash, text: key) { return UInt32(row) }
      let ordinary = groups[group].rows.count - (groups[group].overflowRow == nil ? 0 : 1)
      if ordinary < plan.maxKeys { return UInt32(groups[group].rows.append(hash, text: key)) }
      return UInt32(overflowRow(of: group, plan))
    }
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
        pointer.pointee.isPending = false
        let isOverflow = groups[group].overflowRow == row
        writer.write(
          pane: index, group: group, hash: pointer.pointee.hash, isOverflow: isOverflow,
          text: groups[group].rows.text(row), accumulator: pointer.pointee.accumulator)
        pointer.pointee.accumulator.clearSketches(in: pool)
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
          groups[group].rows.rows[row].accumulator)
      }
    }
  }

  /// Adds what a leaf had counted to the groups, as something that has been sent.
  mutating func restore(leaf text: UnsafeRawBufferPointer, _ accumulator: Accumulator, plan: borrowing LanePlan) {
    for group in 0..<groupCount {
      let row = resolve(text, group: group, plan)
      if row != Self.none { groups[group].rows.pointer(Int(row)).pointee.accumulator.merge(accumulator, in: pool) }
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
    groups[group].rows.pointer(row).pointee.accumulator.merge(accumulator, in: pool)
  }
}
