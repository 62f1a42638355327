/// One event as ``TrafficGenerator/next()`` made it.
///
/// The memory behind ``bytes`` and ``sessionID`` belongs to the generator and is overwritten by its next event.
public struct GeneratedEvent {
  /// How an event fares in a consumer with the default time policy (5 s out of order, 1 min late, 1 s panes).
  public enum Disposition: Equatable, Sendable {
    /// Arrives within 4.5 s.
    case onTime
    /// Arrives 8 to 50 s after it happened: behind the watermark, still counted.
    case late
    /// Arrives 90 s or more after it happened: not counted any more.
    case tooLate
    /// Repeats, byte for byte, a purchase that arrived on time at most 0.4 s before (at less than some tens of events
    /// per second: a few events before).
    case duplicate
    /// Breaks the input contract in this way.
    case garbage(GarbageKind)
  }

  /// Where the event belongs.
  public let topic: TrafficTopic
  /// What happened. For garbage: what the event was before it was broken.
  public let type: TrafficEventType
  /// What is wrong with it, if anything.
  public let disposition: Disposition
  /// The JSON text, without a newline at the end. Valid until the generator's next event.
  public let bytes: UnsafeRawBufferPointer
  /// The session id, e.g. `s00042`, for use as the Kafka key. Valid until the generator's next event.
  public let sessionID: UnsafeRawBufferPointer
  /// A hash of the session, for choosing a partition. A repeated purchase has the hash of the original.
  public let sessionHash: UInt64
  /// `ts`: when it happened, in milliseconds since the epoch. For garbage: before it was broken.
  public let eventTime: Int64
  /// When the event reaches Kafka, in milliseconds since the epoch. Never less than for the event before.
  public let arrivalTime: Int64
}
