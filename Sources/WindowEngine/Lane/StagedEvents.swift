// Invariant that makes this file safe: `events` has `capacity` entries of which the first `count` are initialized; an
// event's text lies within `texts`.

import LiveEvents

/// Decoded events of one source partition on their way to be counted, by the same thread or by another.
///
/// An event becomes what counting needs of it: a hundred bytes and its finest key, so that what it will touch is asked
/// for some events before. One thread at a time.
public final class StagedEvents: @unchecked Sendable {
  struct Staged: BitwiseCopyable {
    var event: CountedEvent
    var recordTimestamp: Int64
    /// The number of the pane.
    var pane: Int64
    /// The hash of the finest key, see ``LanePlan``.
    var leaf: UInt64
    /// Of a purchase's event id.
    var id: UInt64
    var fingerprint: UInt64
    var textOffset: UInt32
    var textLength: UInt32
    var position: Int
    /// Where it is being counted, `nil` where it is not; and the row below: while ``SourcePartition/count(_:done:)`` runs.
    var target: UnsafeMutablePointer<Pane>?
    /// The row there that its finest key has by all probability.
    var row: Int
  }

  /// What became of an event.
  public struct Outcome {
    /// The caller's name for it.
    public let position: Int
    public let type: EventType
    /// Event time, ms since the epoch.
    public let timestamp: Int64
    /// The source partition's watermark behind it.
    public let watermark: Int64
    /// Why it was not counted; `nil` where it was.
    public let reason: RejectReason?
  }

  public let capacity: Int
  // One thread at a time, and nothing calls back: checks of exclusive access for each event were felt.
  @exclusivity(unchecked) public private(set) var count = 0
  private let events: UnsafeMutablePointer<Staged>
  @exclusivity(unchecked) private var texts = Storage<UInt8>(capacity: 16 << 10)
  private let plan: LanePlan
  private let paneLength: Int64

  public init(plan: EnginePlan, capacity: Int) {
    self.plan = LanePlan(plan)
    paneLength = plan.time.pane
    self.capacity = capacity
    events = .allocate(capacity: capacity)
  }

  deinit { events.deallocate() }

  public var isFull: Bool { count == capacity }

  /// Takes a decoded event; there is room. `position` is the caller's name for it.
  public func append(_ event: Event, recordTimestamp: Int64, position: Int) {
    precondition(count < capacity, "there is no room for another event")
    let offset = texts.append(upTo: KeyText.maxLength) { plan.write(event, to: $0) }
    var fingerprint: UInt64 = 0
    if event.type.isPurchase {
      let id = event[.eventID]
      fingerprint = IdentifierHash.fingerprint(UnsafeRawBufferPointer(start: id.bytes, count: Int(id.length)))
    }
    (events + count).initialize(
      to: Staged(
        event: CountedEvent(event), recordTimestamp: recordTimestamp, pane: floorDivide(event.timestamp, paneLength),
        leaf: plan.leafHash(of: event), id: event[.eventID].hash, fingerprint: fingerprint,
        textOffset: UInt32(truncatingIfNeeded: offset), textLength: UInt32(truncatingIfNeeded: texts.count - offset),
        position: position, target: nil, row: 0))
    count += 1
  }

  /// Forgets the events and keeps the memory.
  public func removeAll() {
    count = 0
    texts.removeAll()
  }

  @inline(__always) subscript(index: Int) -> UnsafeMutablePointer<Staged> { events + index }

  @inline(__always) func text(_ staged: UnsafePointer<Staged>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: texts.base + Int(staged.pointee.textOffset), count: Int(staged.pointee.textLength))
  }
}
