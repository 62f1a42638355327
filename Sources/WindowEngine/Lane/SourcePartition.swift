// Invariant that makes this file safe: every pointer in `open`, `current` and `spare` owns one initialized pane, and a
// pane is in exactly one of `open` and `spare`; `current` is one of `open`.

import LiveEvents

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

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
  /// How many events before its turn an event's key is asked for.
  private static let lookAhead = 6

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
  private var open: [Int64: UnsafeMutablePointer<Pane>] = [:]
  private var spare: [UnsafeMutablePointer<Pane>] = []
  private var current: UnsafeMutablePointer<Pane>?
  private var currentStart: Int64 = 0
  private let paneLength: Int64
  private let lateness: Int64
  private let outOfOrderness: Int64
  private let dedupeHorizon: Int64

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
    paneLength = plan.time.pane
    lateness = plan.time.allowedLateness
    outOfOrderness = plan.time.maxOutOfOrderness
    dedupeHorizon = plan.time.dedupeHorizon
  }

  deinit {
    for pane in open.values { Self.destroy(pane) }
    for pane in spare { Self.destroy(pane) }
  }

  /// Bytes of memory held, about.
  public var byteCount: Int {
    var bytes = remembered.byteCount + pool.byteCount + (journal?.byteCount ?? 0)
    for pane in open.values { bytes += pane.pointee.byteCount }
    for pane in spare { bytes += pane.pointee.byteCount }
    return bytes
  }

  /// How many panes are open.
  public var openPanes: Int { open.count }

  /// Counts a valid event, or says why not: ``RejectReason/tooLate`` or ``RejectReason/duplicate``.
  ///
  /// `recordTimestamp` is the Kafka record's, ms since the epoch, negative where there is none.
  @inline(__always)
  public mutating func count(_ event: Event, recordTimestamp: Int64) -> RejectReason? {
    if isTooLate(event.timestamp, recordTimestamp: recordTimestamp) { return .tooLate }
    if event.type.isPurchase && !isNew(event) { return .duplicate }
    let fields = lanePlan.leafFields
    pane(of: event.timestamp).pointee.add(
      CountedEvent(event), leaf: lanePlan.leafHash(of: event), plan: lanePlan, journal: journal,
      matches: { text, _ in LanePlan.matches(event, fields, text) },
      text: { $0.text(of: event) })
    return nil
  }

  /// Counts events that another thread has decoded. `done` hears what became of each.
  @inline(__always)
  public mutating func count(_ events: StagedEvents, done: (StagedEvents.Outcome) -> Void) {
    for i in 0..<events.count {
      if let current, i + Self.lookAhead < events.count {
        current.pointee.prefetch(leaf: events[i + Self.lookAhead].leaf)
      }
      let staged = events[i]
      let event = staged.event
      var reason: RejectReason?
      if isTooLate(event.timestamp, recordTimestamp: staged.recordTimestamp) {
        reason = .tooLate
      } else if event.type.isPurchase && !isNew(staged.id, staged.fingerprint, event.timestamp) {
        reason = .duplicate
      } else {
        let text = events.text(staged)
        pane(of: event.timestamp).pointee.add(
          event, leaf: staged.leaf, plan: lanePlan, journal: journal,
          matches: { bytes, length in length == text.count && memcmp(bytes, text.baseAddress!, length) == 0 },
          text: { _ in text })
      }
      done(
        StagedEvents.Outcome(
          position: staged.position, type: event.type, timestamp: event.timestamp, watermark: watermark, reason: reason)
      )
    }
  }

  /// Whether an event comes too late; otherwise the watermark follows it.
  @inline(__always)
  private mutating func isTooLate(_ timestamp: Int64, recordTimestamp: Int64) -> Bool {
    let isCurrent = current != nil && timestamp >= currentStart && timestamp - currentStart < paneLength
    let start = isCurrent ? currentStart : floorDivide(timestamp, paneLength) * paneLength
    if start + paneLength + lateness <= watermark { return true }
    let seen = recordTimestamp >= 0 ? min(timestamp, recordTimestamp) : timestamp
    if seen > newest {
      newest = seen
      if seen - outOfOrderness > watermark { watermark = seen - outOfOrderness }
    }
    return false
  }

  @inline(__always)
  private mutating func pane(of timestamp: Int64) -> UnsafeMutablePointer<Pane> {
    if let current, timestamp >= currentStart, timestamp - currentStart < paneLength { return current }
    return select(floorDivide(timestamp, paneLength) * paneLength)
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
      let pane = open[index]!
      let isClosed = atEnd || (index + 1) * paneLength + lateness <= watermark
      if isClosed || mode == .continuous {
        if pane.pointee.isDirty { pane.pointee.send(to: writers, plan: lanePlan, journal: journal) }
        if pane.pointee.hasOverflow { hasOverflow = true }
      }
      if isClosed { close(index, pane) }
    }
    writers.flush()
  }

  @inline(never)
  private mutating func isNew(_ event: Event) -> Bool {
    let id = event[.eventID]
    let bytes = UnsafeRawBufferPointer(start: id.bytes, count: Int(id.length))
    return isNew(id.hash, IdentifierHash.fingerprint(bytes), event.timestamp)
  }

  private mutating func isNew(_ id: UInt64, _ fingerprint: UInt64, _ timestamp: Int64) -> Bool {
    let expiry = timestamp + dedupeHorizon
    guard remembered.insert(hash: id, fingerprint: fingerprint, expiry: expiry, watermark: watermark) else {
      return false
    }
    journal?.note(id: id, fingerprint, expiry: expiry)
    return true
  }

  /// Makes the pane that begins at `start` the current one.
  @inline(never)
  private mutating func select(_ start: Int64) -> UnsafeMutablePointer<Pane> {
    openPane(start / paneLength)
  }

  /// The open pane of that number, which becomes the current one.
  private mutating func openPane(_ index: Int64) -> UnsafeMutablePointer<Pane> {
    currentStart = index * paneLength
    if let pane = open[index] {
      current = pane
      return pane
    }
    let pane: UnsafeMutablePointer<Pane>
    if let last = spare.popLast() {
      pane = last
      pane.pointee.reset(index: index)
    } else {
      pane = .allocate(capacity: 1)
      pane.initialize(to: Pane(index: index, plan: lanePlan, pool: pool))
    }
    open[index] = pane
    current = pane
    return pane
  }

  private mutating func close(_ index: Int64, _ pane: UnsafeMutablePointer<Pane>) {
    open[index] = nil
    if current == pane { current = nil }
    if spare.count < Self.maxSpare { spare.append(pane) } else { Self.destroy(pane) }
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
    for index in open.keys.sorted() { open[index]!.pointee.writeRows(to: journal) }
  }

  /// How many keys the open panes hold.
  var openRows: Int { open.values.reduce(0) { $0 + $1.pointee.rowCount } }

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
