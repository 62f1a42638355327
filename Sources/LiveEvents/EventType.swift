/// What happened: the `type` of an event.
public enum EventType: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  case placed, paid, cancelled, refunded
  case enter, leave, heartbeat, impression, click, cart, like, comment, share, follow, gift

  /// Whether the event belongs to an order (and so carries an amount and a buyer) rather than to a viewer.
  @inlinable public var isPurchase: Bool { rawValue <= EventType.refunded.rawValue }

  /// The text of `type` in JSON.
  public var jsonName: String { String(describing: self) }
}
