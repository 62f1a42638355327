import LiveEvents
import WindowEngine

extension Workload {
  /// Decoded events into the panes of seven groups with three sketches each, and their hand-over in blocks.
  static let count = Workload("count") {
    let plan = EnginePlan.sevenGroups()
    let events = try DecodedEvents(count: 65_536, policy: plan.policy)
    let counting = Counting(plan: plan)
    // Panes are handed over once they can no longer change: until then there is less to do.
    for _ in 0..<Counting.runsUntilSteady { counting.count(events) }
    return Prepared(units: events.all.count) { counting.count(events) }
  }
}

/// Events with identifiers of their own.
final class DecodedEvents {
  private(set) var all: [Event] = []
  /// The event time that they span, ms, in whole panes.
  let span: Int64
  private let identifiers: UnsafeMutablePointer<Identifier>
  /// What the identifiers point to: a decoder writes over its own with the next event.
  private let texts: UnsafeMutablePointer<UInt8>

  init(count: Int, policy: DecodingPolicy) throws {
    let payloads = try Payloads(count: count)
    let fields = IdentifierField.allCases.count
    identifiers = .allocate(capacity: count * fields)
    texts = .allocate(capacity: payloads.texts.reduce(0) { $0 + $1.count })
    var end = texts
    var decoder = EventDecoder(policy: policy)
    var event = decoder.makeEvent()
    for (i, text) in payloads.texts.enumerated() {
      precondition(decoder.decode(text, recordTimestamp: -1, into: &event) == nil, "an event was rejected")
      var copy = event
      copy.identifiers = identifiers + i * fields
      copy.identifiers.initialize(from: event.identifiers, count: fields)
      for field in 0..<fields {
        guard let bytes = copy.identifiers[field].bytes, copy.identifiers[field].length > 0 else { continue }
        let length = Int(copy.identifiers[field].length)
        end.initialize(from: bytes, count: length)
        copy.identifiers[field].bytes = UnsafePointer(end)
        end += length
      }
      all.append(copy)
    }
    let times = all.map(\.timestamp)
    span = (times.max()! - times.min()! + 9_999) / 10_000 * 10_000
  }

  deinit {
    identifiers.deallocate()
    texts.deallocate()
  }
}

/// A source partition that counts the same events again and again, later each time and with other ids.
private final class Counting {
  /// A run is 14 s of event time; panes of 10 s are closed a minute and 5 s after their end. The memory of a closed pane
  /// serves for the next one, and has grown for the last time when it has held the most keys that there are.
  static let runsUntilSteady = 24
  // One owner: checks of exclusive access would be counted for each event.
  @exclusivity(unchecked) private var partition: SourcePartition
  @exclusivity(unchecked) private var shift: Int64 = 0
  private let staged: StagedEvents

  init(plan: EnginePlan) {
    staged = StagedEvents(plan: plan, capacity: 512)
    partition = SourcePartition(plan: plan, shards: 1, source: 0, mode: .once) { _ in }
  }

  func count(_ events: DecodedEvents) {
    for var event in events.all {
      event.timestamp += shift
      event.identifiers[IdentifierField.eventID.rawValue].hash &+= 0x9E37_79B9_7F4A_7C15
      staged.append(event, recordTimestamp: -1, position: staged.count)
      if !staged.isFull { continue }
      partition.count(staged) { precondition($0.reason == nil, "an event was not counted") }
      staged.removeAll()
    }
    endRun(events)
  }

  private func endRun(_ events: DecodedEvents) {
    partition.handOver(sourceOffset: 0)
    shift += events.span
  }
}
