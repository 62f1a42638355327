/// What a generated event reports; the `type` field of its JSON.
public enum TrafficEventType: UInt8, CaseIterable, Sendable {
  case placed, paid, cancelled, refunded
  case enter, leave, heartbeat, impression, click, cart, like, comment, share, follow, gift

  /// The text of `type`, e.g. `placed`.
  public var name: String { String(describing: self) }

  /// The topic on which events of this type belong.
  @inlinable public var topic: TrafficTopic { rawValue <= TrafficEventType.refunded.rawValue ? .purchases : .viewers }
}

/// One of the two source topics.
public enum TrafficTopic: UInt8, CaseIterable, Sendable {
  case purchases, viewers
}
