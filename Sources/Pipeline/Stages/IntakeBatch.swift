import LiveEvents
import WindowEngine

/// Lines of a file that one thread has decoded for another one to count.
final class IntakeBatch: @unchecked Sendable {
  /// Where an event stands; its bytes lie in ``buffer``.
  struct Line {
    let bytes: UnsafeRawBufferPointer
    let offset: Int64
    let number: Int64
  }

  let events: StagedEvents
  // One thread at a time: checks of exclusive access for each event were felt.
  /// The lines of the decoded events, by position.
  @exclusivity(unchecked) fileprivate(set) var lines: [Line] = []
  /// What could not be decoded.
  fileprivate(set) var rejects: [Reject] = []
  /// Bytes of all events.
  @exclusivity(unchecked) fileprivate(set) var bytes: UInt64 = 0
  /// Whether an amount stopped at the limit of Int64 when it was converted.
  @exclusivity(unchecked) fileprivate(set) var isSaturated = false
  /// Lines that were read, blank ones among them.
  var lineCount = 0
  /// The offset behind the last line.
  var endOffset: Int64 = 0
  /// Whether it is the last one.
  var isEnd = false
  @exclusivity(unchecked) fileprivate var buffer: LineBuffer?

  init(plan: EnginePlan, capacity: Int) { events = StagedEvents(plan: plan, capacity: capacity) }

  func removeAll() {
    events.removeAll()
    lines.removeAll(keepingCapacity: true)
    rejects.removeAll()
    bytes = 0
    isSaturated = false
    lineCount = 0
    buffer = nil
  }
}

/// Decodes the events of one source partition, for an ``Intake`` on the same thread or, by batches, on another.
final class IntakeDecoder {
  private let source: Int
  // One owner, and nothing calls back while an event is decoded: checks of exclusive access for each were felt.
  @exclusivity(unchecked) private var decoder: EventDecoder
  /// The event that was decoded last.
  @exclusivity(unchecked) private(set) var event: Event

  init(policy: DecodingPolicy, source: Int) {
    self.source = source
    var decoder = EventDecoder(policy: policy)
    event = decoder.makeEvent()
    self.decoder = decoder
  }

  /// Whether an amount has stopped at the limit of Int64 when it was converted.
  var isSaturated: Bool { decoder.saturated > 0 }

  /// Decodes an event into ``event``, or says why not. `recordTimestamp` is negative where there is none.
  @inline(__always)
  func decode(_ payload: UnsafeRawBufferPointer, recordTimestamp: Int64) -> RejectReason? {
    decoder.decode(payload, recordTimestamp: recordTimestamp, into: &event)
  }

  /// What ``decode(_:recordTimestamp:)`` has just refused.
  @inline(never)
  func reject(_ payload: UnsafeRawBufferPointer, _ reason: RejectReason, offset: Int64, line: Int64) -> Reject {
    Reject(
      reason: reason, detail: decoder.rejectDetail(), source: source, offset: offset, line: line, bytes: Array(payload))
  }

  /// Decodes one line that a reader delivers into a batch that has room.
  @inline(__always)
  func take(
    _ bytes: UnsafeRawBufferPointer, of reader: LineReader, offset: Int64, line: Int64, into batch: IntakeBatch
  ) {
    batch.bytes &+= UInt64(bytes.count)
    if let reason = decode(bytes, recordTimestamp: -1) {
      batch.rejects.append(reject(bytes, reason, offset: offset, line: line))
      return
    }
    if batch.buffer == nil { batch.buffer = reader.buffer }
    batch.events.append(event, recordTimestamp: -1, position: batch.lines.count)
    batch.lines.append(IntakeBatch.Line(bytes: bytes, offset: offset, number: line))
    batch.isSaturated = isSaturated
  }
}
