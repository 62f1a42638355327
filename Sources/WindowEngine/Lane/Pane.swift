// Invariant that makes this file safe: all accumulators of a pane use the pool it was made with; `tables` are as many
// as the plan's lattice has. A leaf's row is one until ``makeRoom`` or ``reset``.

import CPrefetch
import LiveEvents

/// The counted events of one source partition in one pane.
///
/// An event touches one accumulator, that of its finest key. Taking the pane over merges those into every group, some by
/// way of nodes, see ``Lattice``; so the tables of leaves and nodes are caches in front of the groups' tables that may be
/// emptied at any time. A key's counters are kept until the pane closes; its sketches hold only the members that have
/// not been sent, since a member may be sent twice.
struct Pane: ~Copyable {
  /// A leaf table is emptied into the groups when it has this many keys after a batch of events, so that its size does not
  /// depend on how many combinations of identifiers occur: 64 Ki leaves of about 300 bytes are 20 MB. Nodes are emptied
  /// with it; each was made for a leaf, so there are no more of them.
  static let maxLeaves = 1 << 16

  /// How many rows before its turn a row that is merged is asked for.
  private static let mergeDistance = 4
  /// Bytes that come from memory at once.
  private static let cacheLine = 64

  /// The pane's number: its start divided by the length of a pane.
  private(set) var index: Int64
  /// The groups, the nodes and the leaves.
  let tables: UnsafeMutablePointer<PaneTable>
  let groupCount: Int
  /// The number of the leaves' table.
  private let leafTable: Int
  let pool: SketchPool
  /// Keys that a group may have before further ones share the overflow key.
  private let maxKeys: Int

  init(index: Int64, plan: borrowing LanePlan, maxKeys: Int, pool: SketchPool) {
    self.index = index
    self.pool = pool
    self.maxKeys = maxKeys
    groupCount = plan.lattice.groupCount
    leafTable = groupCount + plan.lattice.nodeCount
    tables = .allocate(capacity: leafTable + 1)
    for i in 0...leafTable { (tables + i).initialize(to: PaneTable(edgeCount: plan.lattice.edges(of: i).count)) }
  }

  deinit {
    tables.deinitialize(count: leafTable + 1)
    tables.deallocate()
  }

  private var leaves: UnsafeMutablePointer<PaneTable> { tables + leafTable }

  /// Whether something counted has not been sent.
  var isDirty: Bool { (0...leafTable).contains { tables[$0].changed.count > 0 } }

  /// Bytes of memory held.
  var byteCount: Int { (0...leafTable).reduce(0) { $0 + tables[$1].byteCount } }

  /// How many keys the groups have.
  var rowCount: Int { (0..<groupCount).reduce(0) { $0 + tables[$1].rows.count } }

  /// How many events' keys went to overflow keys is not known here; whether there is one is.
  var hasOverflow: Bool { (0..<groupCount).contains { tables[$0].overflowRow != nil } }

  /// Empties the pane, of which everything has been sent, for another use.
  mutating func reset(index: Int64) {
    self.index = index
    for i in 0...leafTable { tables[i].removeAll() }
  }

  // MARK: Counting

  /// Asks for the memory in which a leaf key will be looked for.
  @inline(__always) func prefetch(leaf hash: UInt64) { leaves.pointee.rows.prefetch(hash) }

  /// The row that a leaf key has by all probability; `nil` if the key is new.
  @inline(__always) func likelyRow(leaf hash: UInt64) -> Int? { leaves.pointee.rows.likelyRow(hash) }

  /// Makes a row for a leaf key that is new.
  func addLeaf(_ hash: UInt64, _ text: UnsafeRawBufferPointer) -> Int { leaves.pointee.append(hash, text: text) }

  /// Asks for the row in which an event is to be counted.
  @inline(__always)
  func prefetch(row: Int, for event: CountedEvent) {
    leaves.pointee.rows.prefetchKey(of: row)
    let accumulator = UnsafeRawPointer(leaves.pointee.rows.pointer(row))
    lt_prefetch(accumulator)
    lt_prefetch(accumulator + Accumulator.counterOffset(of: event.type))
  }

  /// Asks for that to which the row, which is here by now, points.
  @inline(__always)
  func prefetch(beyondRow row: Int, for event: CountedEvent) {
    let leaves = leaves
    leaves.pointee.rows.prefetchText(of: row)
    lt_prefetch(leaves.pointee.rows.pointer(row).pointee.sketchAddress(of: event))
  }

  /// Counts an event of this pane, whose leaf key is `text`, in the row that it was thought to have. Returns whether the
  /// key turned out to be a new one.
  @inline(__always)
  func add(_ event: CountedEvent, row likely: Int, leaf hash: UInt64, text: UnsafeRawBufferPointer) -> Bool {
    let leaves = leaves
    var row = likely
    var isNew = false
    if !leaves.pointee.rows.isKey(row: likely, text: text) { (row, isNew) = resolve(leaf: hash, text) }
    leaves.pointee.note(row)
    leaves.pointee.rows.pointer(row).pointee.add(event, in: pool)
    return isNew
  }

  /// The row of a key whose hash another one has, too, and whether it was made for it.
  @inline(never) private func resolve(leaf hash: UInt64, _ text: UnsafeRawBufferPointer) -> (row: Int, isNew: Bool) {
    if let row = leaves.pointee.rows.find(hash, text: text) { return (row, false) }
    return (leaves.pointee.append(hash, text: text), true)
  }

  /// Whether there are so many leaves that they must be merged before more events come.
  var isCrowded: Bool { leaves.pointee.rows.count >= Self.maxLeaves }

  /// Merges the leaves and forgets them.
  mutating func makeRoom(_ plan: borrowing LanePlan, _ journal: LaneJournal?) {
    merge(plan, journal)
    for i in groupCount...leafTable { tables[i].removeAll() }
  }

  // MARK: Merging

  /// Merges what the leaves have counted into the groups, and notes it in the journal.
  mutating func merge(_ plan: borrowing LanePlan, _ journal: LaneJournal?) {
    if let journal, leaves.pointee.changed.count > 0 {
      journal.begin(pane: index)
      for i in 0..<leaves.pointee.changed.count {
        let row = Int(leaves.pointee.changed[i])
        journal.note(leaf: leaves.pointee.rows.text(row), leaves.pointee.rows.pointer(row))
      }
    }
    // Each table before those to which its edges lead.
    for table in (groupCount...leafTable).reversed() { merge(table: table, plan) }
  }

  /// Merges what one table's rows have counted into the tables to which its edges lead.
  private func merge(table: Int, _ plan: borrowing LanePlan) {
    let source = tables + table
    let edges = plan.lattice.edges(of: table)
    let last = edges.count - 1
    let count = source.pointee.changed.count
    for i in 0..<count {
      if i + Self.mergeDistance < count { prefetch(source, Int(source.pointee.changed[i + Self.mergeDistance]), edges) }
      let row = Int(source.pointee.changed[i])
      let accumulator = source.pointee.rows.pointer(row)
      let targets = source.pointee.targets.base + row * edges.count
      for i in 0..<edges.count {
        if targets[i] == PaneTable.unresolved {
          targets[i] = resolve(source.pointee.rows.text(row), edges[i], plan)
        }
        let target = targets[i]
        if target == PaneTable.none { continue }
        let table = tables + edges[i].table
        let sum = table.pointee.rows.pointer(Int(target))
        // The last one may take the members over instead of copying them.
        if i == last {
          sum.pointee.take(accumulator, in: pool)
        } else {
          sum.pointee.merge(accumulator, in: pool)
        }
        table.pointee.note(Int(target))
      }
      accumulator.pointee.clear(in: pool)
      source.pointee.rows.unmark(row)
    }
    source.pointee.changed.removeAll()
  }

  /// Asks for the memory of a row and of those it adds to.
  @inline(__always)
  private func prefetch(
    _ source: UnsafeMutablePointer<PaneTable>, _ row: Int, _ edges: UnsafeBufferPointer<Lattice.Edge>
  ) {
    prefetch(source.pointee.rows.pointer(row))
    let targets = source.pointee.targets.base + row * edges.count
    for i in 0..<edges.count where targets[i] < PaneTable.none {
      prefetch(tables[edges[i].table].rows.pointer(Int(targets[i])))
    }
  }

  @inline(__always) private func prefetch(_ accumulator: UnsafePointer<Accumulator>) {
    for offset in stride(from: 0, to: MemoryLayout<Accumulator>.size, by: Self.cacheLine) {
      lt_prefetch(UnsafeRawPointer(accumulator) + offset)
    }
  }

  /// The row to which a key adds along an edge.
  func resolve(
    _ key: UnsafeRawBufferPointer, _ edge: Lattice.Edge, _ plan: borrowing LanePlan
  ) -> UInt32 {
    guard let text = plan.lattice.project(key, along: edge) else { return PaneTable.none }
    let hash = KeyText.hash(text, group: edge.hash)
    let table = tables + edge.table
    if let row = table.pointee.rows.find(hash, text: text) { return UInt32(row) }
    let ordinary = table.pointee.rows.count - (table.pointee.overflowRow == nil ? 0 : 1)
    if edge.table < groupCount && ordinary >= maxKeys { return UInt32(overflowRow(of: edge.table, plan)) }
    return UInt32(table.pointee.append(hash, text: text))
  }

  func overflowRow(of group: Int, _ plan: borrowing LanePlan) -> Int {
    if let row = tables[group].overflowRow { return row }
    let overflow = KeyText.overflowHash(group: plan.groupHash(group))
    let row = tables[group].append(overflow, text: UnsafeRawBufferPointer(start: nil, count: 0))
    tables[group].overflowRow = row
    return row
  }
}
