import LiveEvents
import WindowEngine

extension Workload {
  /// JSON text into events.
  static func decode(_ name: String, order: Payloads.Order) -> Workload {
    Workload(name) {
      let payloads = try Payloads(count: 16_384, order: order)
      let decoding = Decoding(policy: EnginePlan.sevenGroups().policy)
      return Prepared(units: payloads.texts.count) {
        for text in payloads.texts { precondition(decoding.decode(text) == nil, "an event was rejected") }
      }
    }
  }
}

/// A decoder with its event.
private final class Decoding {
  private var decoder: EventDecoder
  private var event: Event

  init(policy: DecodingPolicy) {
    var decoder = EventDecoder(policy: policy)
    event = decoder.makeEvent()
    self.decoder = decoder
  }

  @inline(__always)
  func decode(_ text: UnsafeRawBufferPointer) -> RejectReason? {
    decoder.decode(text, recordTimestamp: -1, into: &event)
  }
}
