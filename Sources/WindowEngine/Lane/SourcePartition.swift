// Invariant that makes this file safe: every pointer in `open` and `spare` is that of one initialized pane, which is in
// exactly one of them; `recent` has `recentPanes` entries, each of no pane or of one in `open`.

import LiveEvents

/// How results are wanted, which decides when state is handed on and when a window is published.
public enum PublishingMode: Sendable {
  /// As they come: live values, final records at once and again whenever a late event changes them.
  case continuous
  /// Each final record once, with its last content, when it can no longer change.
  case once
}

/// How far a source partition has come, as the rollups are told.
public struct Frontier: Hashable, Sendable {
  /// The source partition, the number its owner gave it.
  public var source: Int
  /// No event that is counted later is in a pane that ends at or before this, less the allowed lateness.
  /// `Int64.min` before the first event, `Int64.max` once a file has been read to its end.
  public var watermark: Int64
  /// The largest min(event time, record time) of the counted events and duplicates.
  public var newest: Int64
  /// Whether it is read to its end and has been silent for the idle timeout.
  public var isIdle: Bool
  /// Whether it has been read to its end.
  public var isAtEnd: Bool
  /// The offset of the next record to be read; a frontier with a lower one than another is older.
  public var sourceOffset: Int64

  public init(
    source: Int, watermark: Int64, newest: Int64, isIdle: Bool, isAtEnd: Bool = false, sourceOffset: Int64 = 0
  ) {
    self.source = source
    self.watermark = watermark
    self.newest = newest
    self.isIdle = isIdle
    self.isAtEnd = isAtEnd
    self.sourceOffset = sourceOffset
  }
}

/// The state of one source partition: its watermark, its remembered ids and its open panes. One owner; no clock.
public struct SourcePartition: ~Copyable {
  /// Emptied panes that are kept for reuse: a few, since each keeps the memory of a full one.
  private static let maxSpare = 2
  /// Panes that are found by a look at their number: events come out of order, and panes may be of a second. A power of
  /// two.
  private static let recentPanes = 16
  /// How many events before its turn an event's key is asked for.
  private static let lookAhead = 6
  /// How many events later the text of its row, and what is in its sketch, is asked for.
  private static let rowDistance = 8
  /// How many events later it is counted.
  private static let addDistance = 16

  /// The watermark, ms since the epoch; `Int64.min` before the first event.
  public private(set) var watermark = Int64.min
  /// The largest min(event time, record time) counted; `Int64.min` before the first event.
  public private(set) var newest = Int64.min
  /// Whether some group has had more keys in a pane than the plan allows.
  public private(set) var hasOverflow = false
  let plan: EnginePlan
  let lanePlan: LanePlan
  private let mode: PublishingMode
  private let writers: BlockWriters
  private let pool = SketchPool()
  /// What has changed since the last checkpoint; `nil` where none are taken.
  let journal: LaneJournal?
  var pieces = PieceLog()
  var idPieces = PieceLog()
  private var remembered = RememberedIDs()
  private var open: [Int64: OpenPane] = [:]
  private var spare: [UnsafeMutablePointer<Pane>] = []
  private let recent: UnsafeMutablePointer<Recent>
  /// Whether the leaves of some open pane may have to be emptied.
  private var hasCrowdedPane = false
  /// Where the records of frozen panes are put together.
  private let scratch = ByteBuffer(capacity: 1 << 10)
  private let paneLength: Int64
  private let lateness: Int64
  private let outOfOrderness: Int64
  private let dedupeHorizon: Int64

  /// A pane of which something may still be counted.
  private struct OpenPane {
    /// What is counted now.
    var pane: UnsafeMutablePointer<Pane>?
    /// What had been sent when the watermark passed the pane's end.
    var frozen: FrozenPane?
  }

  private struct Recent: BitwiseCopyable {
    var index: Int64 = 0
    var pane: UnsafeMutablePointer<Pane>?
  }

  /// `emit` gets the blocks of each hand-over, at most one shard's keys in each. With a `generation`, which is unlike
  /// that of any other owner of the same partition, checkpoints are taken.
  public init(
    plan: EnginePlan, shards: Int, source: Int, mode: PublishingMode, generation: UInt64? = nil,
    emit: @escaping (Block) -> Void
  ) {
    journal = generation.map { LaneJournal(generation: $0, paneLength: plan.time.pane) }
    self.plan = plan
    self.mode = mode
    lanePlan = LanePlan(plan)
    writers = BlockWriters(plan: plan, shards: shards, source: source, emit: emit)
    recent = .allocate(capacity: Self.recentPanes)
    recent.initialize(repeating: Recent(), count: Self.recentPanes)
    paneLength = plan.time.pane
    lateness = plan.time.allowedLateness
    outOfOrderness = plan.time.maxOutOfOrderness
    dedupeHorizon = plan.time.dedupeHorizon
  }

  deinit {
    for one in open.values { one.pane.map(Self.destroy) }
    for pane in spare { Self.destroy(pane) }
    recent.deallocate()
  }

  /// Bytes of memory held, about.
  public var byteCount: Int {
    var bytes = remembered.byteCount + pool.byteCount + (journal?.byteCount ?? 0)
    for one in open.values { bytes += (one.pane?.pointee.byteCount ?? 0) + (one.frozen?.byteCount ?? 0) }
    for pane in spare { bytes += pane.pointee.byteCount }
    return bytes
  }

  /// How many panes are open.
  public var openPanes: Int { open.count }

  /// Counts valid events in their order. `done` hears what became of each: counted, or refused as
  /// ``RejectReason/tooLate`` or ``RejectReason/duplicate``.
  @inline(__always)
  public mutating func count(_ events: StagedEvents, done: (StagedEvents.Outcome) -> Void) {
    let count = events.count
    // Four steps of different events at a time: what one step asks for has come from memory before the next needs it.
    for i in 0..<(count + Self.addDistance) {
      if i + Self.lookAhead < count { prefetch(events[i + Self.lookAhead]) }
      if i < count { done(seek(events[i], in: events)) }
      if i >= Self.rowDistance && i - Self.rowDistance < count {
        let one = events[i - Self.rowDistance]
        one.pointee.target?.pointee.prefetch(beyondRow: one.pointee.row, for: one.pointee.event)
      }
      if i >= Self.addDistance {
        add(events[i - Self.addDistance], in: events)
      }
    }
    if hasCrowdedPane { makeRoom() }
  }

  /// Counts an event whose row was found.
  @inline(__always)
  private mutating func add(_ staged: UnsafePointer<StagedEvents.Staged>, in events: StagedEvents) {
    guard let pane = staged.pointee.target else { return }
    let isNew = pane.pointee.add(
      staged.pointee.event, row: staged.pointee.row, leaf: staged.pointee.leaf, text: events.text(staged))
    if isNew { hasCrowdedPane = true }
  }

  /// Empties the leaves of panes that have too many; no event is on its way to one.
  @inline(never)
  private mutating func makeRoom() {
    for one in open.values {
      if let pane = one.pane, pane.pointee.isCrowded { pane.pointee.makeRoom(lanePlan, journal) }
    }
    hasCrowdedPane = false
  }

  /// Judges an event, and looks for the row in which it is to be counted.
  @inline(__always)
  private mutating func seek(
    _ staged: UnsafeMutablePointer<StagedEvents.Staged>, in events: StagedEvents
  ) -> StagedEvents.Outcome {
    let event = staged.pointee.event
    staged.pointee.target = nil
    var reason: RejectReason?
    if isTooLate(event.timestamp, staged.pointee.pane, recordTimestamp: staged.pointee.recordTimestamp) {
      reason = .tooLate
    } else if event.type.isPurchase && !isNew(staged.pointee.id, staged.pointee.fingerprint, event.timestamp) {
      reason = .duplicate
    } else {
      let pane = pane(staged.pointee.pane)
      staged.pointee.target = pane
      let row =
        pane.pointee.likelyRow(leaf: staged.pointee.leaf)
        ?? addLeaf(staged.pointee.leaf, events.text(staged), to: pane)
      staged.pointee.row = row
      pane.pointee.prefetch(row: row, for: event)
    }
    return StagedEvents.Outcome(
      position: staged.pointee.position, type: event.type, timestamp: event.timestamp, watermark: watermark,
      reason: reason)
  }

  @inline(never)
  private mutating func addLeaf(
    _ hash: UInt64, _ text: UnsafeRawBufferPointer, to pane: UnsafeMutablePointer<Pane>
  ) -> Int {
    let row = pane.pointee.addLeaf(hash, text)
    if pane.pointee.isCrowded { hasCrowdedPane = true }
    return row
  }

  /// Whether an event comes too late; otherwise the watermark follows it.
  @inline(__always)
  private mutating func isTooLate(_ timestamp: Int64, _ pane: Int64, recordTimestamp: Int64) -> Bool {
    if (pane + 1) * paneLength + lateness <= watermark { return true }
    let seen = recordTimestamp >= 0 ? min(timestamp, recordTimestamp) : timestamp
    if seen > newest {
      newest = seen
      if seen - outOfOrderness > watermark { watermark = seen - outOfOrderness }
    }
    return false
  }

  @inline(__always)
  private mutating func pane(_ index: Int64) -> UnsafeMutablePointer<Pane> {
    let one = recent(index).pointee
    if one.index == index, let pane = one.pane { return pane }
    return openPane(index)
  }

  @inline(__always)
  private func recent(_ index: Int64) -> UnsafeMutablePointer<Recent> {
    recent + Int(truncatingIfNeeded: index) & (Self.recentPanes - 1)
  }

  @inline(__always)
  private func prefetch(_ staged: UnsafePointer<StagedEvents.Staged>) {
    if staged.pointee.event.type.isPurchase { remembered.prefetch(staged.pointee.id) }
    let one = recent(staged.pointee.pane).pointee
    if one.index == staged.pointee.pane, let pane = one.pane { pane.pointee.prefetch(leaf: staged.pointee.leaf) }
  }

  /// Moves the watermark of an idle partition forward; it never goes back.
  public mutating func advance(to watermark: Int64) {
    self.watermark = max(self.watermark, watermark)
  }

  /// Hands on what changed, as of `sourceOffset`, the offset of the next record to be read.
  ///
  /// In ``PublishingMode/once`` only panes that can no longer change are handed on, all of them `atEnd` of the input.
  public mutating func handOver(sourceOffset: Int64, atEnd: Bool = false) {
    writers.sourceOffset = sourceOffset
    for index in open.keys.sorted() {
      let isClosed = atEnd || (index + 1) * paneLength + lateness <= watermark
      if isClosed || mode == .continuous {
        send(index)
        if isClosed { close(index) } else if (index + 1) * paneLength <= watermark { freeze(index) }
      }
    }
    writers.flush()
  }

  /// Hands on what changed in a pane.
  private mutating func send(_ index: Int64) {
    guard let one = open[index], let pane = one.pane else { return }
    if let frozen = one.frozen {
      pane.pointee.send(over: frozen, to: writers, plan: lanePlan, journal: journal, scratch: scratch)
    } else if pane.pointee.isDirty {
      pane.pointee.send(to: writers, plan: lanePlan, journal: journal)
    }
    if one.frozen?.hasOverflow ?? pane.pointee.hasOverflow { hasOverflow = true }
  }

  /// Keeps only the sums of a pane that the watermark has passed and of which everything has been sent.
  private mutating func freeze(_ index: Int64) {
    guard let one = open[index], let pane = one.pane else { return }
    let frozen =
      one.frozen ?? FrozenPane(pane.pointee, plan: lanePlan, paneLength: paneLength, scratch: scratch)
    open[index] = OpenPane(pane: nil, frozen: frozen)
    retire(index, pane, isSmall: one.frozen != nil)
  }

  private mutating func close(_ index: Int64) {
    guard let one = open.removeValue(forKey: index), let pane = one.pane else { return }
    retire(index, pane, isSmall: one.frozen != nil)
  }

  /// Keeps a pane's memory for another one, unless it is of late events, who are few.
  private mutating func retire(_ index: Int64, _ pane: UnsafeMutablePointer<Pane>, isSmall: Bool) {
    if recent(index).pointee.pane == pane { recent(index).pointee = Recent() }
    if !isSmall && spare.count < Self.maxSpare { spare.append(pane) } else { Self.destroy(pane) }
  }

  private mutating func isNew(_ id: UInt64, _ fingerprint: UInt64, _ timestamp: Int64) -> Bool {
    let expiry = timestamp + dedupeHorizon
    guard remembered.insert(hash: id, fingerprint: fingerprint, expiry: expiry, watermark: watermark) else {
      return false
    }
    journal?.note(id: id, fingerprint, expiry: expiry)
    return true
  }

  /// The open pane of that number, which becomes a recent one.
  @inline(never)
  private mutating func openPane(_ index: Int64) -> UnsafeMutablePointer<Pane> {
    let known = open[index]
    let pane = known?.pane ?? makePane(index, isLate: known?.frozen != nil)
    if known?.pane == nil { open[index, default: OpenPane()].pane = pane }
    recent(index).pointee = Recent(index: index, pane: pane)
    return pane
  }

  /// A pane for events of that number; those that come late to a frozen one are judged by its limit of keys.
  private mutating func makePane(_ index: Int64, isLate: Bool) -> UnsafeMutablePointer<Pane> {
    if !isLate, let pane = spare.popLast() {
      pane.pointee.reset(index: index)
      return pane
    }
    let pane = UnsafeMutablePointer<Pane>.allocate(capacity: 1)
    pane.initialize(
      to: Pane(index: index, plan: lanePlan, maxKeys: isLate ? .max : plan.maxKeys, pool: pool))
    return pane
  }

  private static func destroy(_ pane: UnsafeMutablePointer<Pane>) {
    pane.deinitialize(count: 1)
    pane.deallocate()
  }

  // MARK: Checkpoint

  /// Whether an event of that pane would still be counted.
  func isOpen(_ pane: Int64) -> Bool { (pane + 1) * paneLength + lateness > watermark }

  /// Notes the state of every open pane.
  func writePanes(to journal: LaneJournal) {
    for index in open.keys.sorted() {
      open[index]!.frozen?.writeRows(to: journal, pane: index)
      open[index]!.pane?.pointee.writeRows(to: journal)
    }
  }

  /// How many keys the open panes hold.
  var openRows: Int {
    open.values.reduce(0) { $0 + ($1.frozen?.rowCount ?? 0) + ($1.pane?.pointee.rowCount ?? 0) }
  }

  func writeIDs(to journal: LaneJournal) {
    remembered.visit(asOf: watermark) { journal.note(id: $0, $1, expiry: $2) }
  }

  /// How many ids are remembered, some of which may have expired.
  var rememberedCount: Int { remembered.count }

  mutating func restore(watermark: Int64, newest: Int64) {
    self.watermark = watermark
    self.newest = newest
  }

  mutating func restore(pane: Int64, leaf text: UnsafeRawBufferPointer, _ accumulator: Accumulator) {
    openPane(pane).pointee.restore(leaf: text, accumulator, plan: lanePlan)
  }

  mutating func restore(
    pane: Int64, group: Int, row text: UnsafeRawBufferPointer, isOverflow: Bool, _ accumulator: Accumulator
  ) {
    openPane(pane).pointee.restore(
      row: text, isOverflow: isOverflow, group: group, accumulator, plan: lanePlan)
  }

  mutating func restore(id hash: UInt64, _ fingerprint: UInt64, expiry: Int64) {
    if expiry > watermark {
      _ = remembered.insert(hash: hash, fingerprint: fingerprint, expiry: expiry, watermark: watermark)
    }
  }
}
