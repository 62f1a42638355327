import LiveEvents
import WindowEngine

/// Decoded events of one source partition, to be counted by the same thread or another one.
final class IntakeBatch: @unchecked Sendable {
  /// Where an event stands; its bytes stay where they are until it is counted.
  struct Line {
    let bytes: UnsafeRawBufferPointer
    let offset: Int64
    let number: Int64
  }

  let events: StagedEvents
  // One thread at a time: checks of exclusive access for each event were felt.
  /// Where the decoded events stand, by position.
  @exclusivity(unchecked) fileprivate(set) var lines: [Line] = []
  /// What could not be decoded.
  fileprivate(set) var rejects: [Reject] = []
  /// Bytes of all events.
  @exclusivity(unchecked) fileprivate(set) var bytes: UInt64 = 0
  /// Whether an amount stopped at the limit of Int64 when it was converted.
  @exclusivity(unchecked) fileprivate(set) var isSaturated = false

  init(plan: EnginePlan, capacity: Int) { events = StagedEvents(plan: plan, capacity: capacity) }

  /// Whether its events must be counted before another one is taken.
  var isFull: Bool { events.isFull }

  func removeAll() {
    events.removeAll()
    lines.removeAll(keepingCapacity: true)
    rejects.removeAll()
    bytes = 0
    isSaturated = false
  }
}

/// Decodes the events of one source partition into batches.
final class IntakeDecoder {
  private let source: Int
  // One owner, and nothing calls back while an event is decoded: checks of exclusive access for each were felt.
  @exclusivity(unchecked) private var decoder: EventDecoder
  @exclusivity(unchecked) private var event: Event

  init(policy: DecodingPolicy, source: Int) {
    self.source = source
    var decoder = EventDecoder(policy: policy)
    event = decoder.makeEvent()
    self.decoder = decoder
  }

  /// Decodes an event into a batch that has room. `recordTimestamp` is negative and `line` 0 where there is none; the
  /// bytes stay where they are until the event is counted.
  @inline(__always)
  func take(
    _ bytes: UnsafeRawBufferPointer, recordTimestamp: Int64, offset: Int64, line: Int64, into batch: IntakeBatch
  ) {
    batch.bytes &+= UInt64(bytes.count)
    if let reason = decoder.decode(bytes, recordTimestamp: recordTimestamp, into: &event) {
      return refuse(bytes, reason, offset: offset, line: line, in: batch)
    }
    batch.events.append(event, recordTimestamp: recordTimestamp, position: batch.lines.count)
    batch.lines.append(IntakeBatch.Line(bytes: bytes, offset: offset, number: line))
    if decoder.saturated > 0 { batch.isSaturated = true }
  }

  @inline(never)
  private func refuse(
    _ bytes: UnsafeRawBufferPointer, _ reason: RejectReason, offset: Int64, line: Int64, in batch: IntakeBatch
  ) {
    batch.rejects.append(
      Reject(
        reason: reason, detail: decoder.rejectDetail(), source: source, offset: offset, line: line, bytes: Array(bytes)
      ))
  }
}
