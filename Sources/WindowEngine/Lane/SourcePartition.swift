// Invariant that makes this file safe: every pointer in `open`, `current` and `spare` owns one initialized pane, and a
// pane is in exactly one of `open` and `spare`; `current` is one of `open`.

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

  public init(source: Int, watermark: Int64, newest: Int64, isIdle: Bool) {
    self.source = source
    self.watermark = watermark
    self.newest = newest
    self.isIdle = isIdle
  }
}

/// The state of one source partition: its watermark, its remembered ids and its open panes. One owner; no clock.
public struct SourcePartition: ~Copyable {
  /// Emptied panes that are kept for reuse: a few, since each keeps the memory of a full one.
  private static let maxSpare = 2

  /// The watermark, ms since the epoch; `Int64.min` before the first event.
  public private(set) var watermark = Int64.min
  /// The largest min(event time, record time) counted; `Int64.min` before the first event.
  public private(set) var newest = Int64.min
  /// Whether some group has had more keys in a pane than the plan allows.
  public private(set) var hasOverflow = false
  private let plan: EnginePlan
  private let lanePlan: LanePlan
  private let mode: PublishingMode
  private let writers: BlockWriters
  private var remembered = RememberedIDs()
  private var open: [Int64: UnsafeMutablePointer<Pane>] = [:]
  private var spare: [UnsafeMutablePointer<Pane>] = []
  private var current: UnsafeMutablePointer<Pane>?
  private var currentStart: Int64 = 0
  private let paneLength: Int64
  private let lateness: Int64
  private let outOfOrderness: Int64
  private let dedupeHorizon: Int64

  /// `emit` gets the blocks of each hand-over, at most one shard's keys in each.
  public init(
    plan: EnginePlan, shards: Int, source: Int, mode: PublishingMode, emit: @escaping (Block) -> Void
  ) {
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
    var bytes = remembered.byteCount
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
    let timestamp = event.timestamp
    let pane: UnsafeMutablePointer<Pane>?
    if let current, timestamp >= currentStart, timestamp - currentStart < paneLength {
      pane = current
    } else {
      pane = nil
    }
    let start = pane == nil ? floorDivide(timestamp, paneLength) * paneLength : currentStart
    if start + paneLength + lateness <= watermark { return .tooLate }
    let seen = recordTimestamp >= 0 ? min(timestamp, recordTimestamp) : timestamp
    if seen > newest {
      newest = seen
      if seen - outOfOrderness > watermark { watermark = seen - outOfOrderness }
    }
    if event.type.isPurchase && !isNew(event) { return .duplicate }
    (pane ?? select(start)).pointee.add(event, plan: lanePlan)
    return nil
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
        if pane.pointee.isDirty { pane.pointee.send(to: writers, plan: lanePlan) }
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
    return remembered.insert(
      hash: id.hash, fingerprint: IdentifierHash.fingerprint(bytes), expiry: event.timestamp + dedupeHorizon,
      watermark: watermark)
  }

  /// Makes the pane that begins at `start` the current one.
  @inline(never)
  private mutating func select(_ start: Int64) -> UnsafeMutablePointer<Pane> {
    let index = start / paneLength
    currentStart = start
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
      pane.initialize(to: Pane(index: index, groupCount: plan.groups.count))
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
}
