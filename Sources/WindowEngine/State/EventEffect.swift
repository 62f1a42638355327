import LiveEvents

/// What an event of a type does to the counters: looked up, since the type of the next event cannot be guessed.
struct EventEffect: BitwiseCopyable, Sendable {
  /// The counter that grows by ``steps``.
  let counter: Counter
  /// 1, or 0 where events of the type are not counted.
  let steps: Int64
  /// The sum that grows by the event's amount, of which ``amountMask`` is kept.
  let sum: Counter
  /// All bits, or none where the amount does not count.
  let amountMask: Int64

  private init(_ counter: Counter?, adding sum: Counter? = nil) {
    self.counter = counter ?? sum ?? .gmv
    steps = counter == nil ? 0 : 1
    self.sum = sum ?? counter ?? .gmv
    amountMask = sum == nil ? 0 : -1
  }

  @inline(__always) static func of(_ type: EventType) -> EventEffect { all[Int(type.rawValue)] }

  /// By ``EventType``'s raw value.
  private static let all: InlineArray<15, EventEffect> = [
    EventEffect(.ordersPlaced, adding: .gmvPlaced),
    EventEffect(.orders, adding: .gmv),
    EventEffect(.cancelledOrders),
    EventEffect(.refundOrders, adding: .refunds),
    EventEffect(.views),
    EventEffect(nil, adding: .watchMilliseconds),
    EventEffect(nil, adding: .watchMilliseconds),
    EventEffect(.impressions),
    EventEffect(.clicks),
    EventEffect(.carts),
    EventEffect(.likes),
    EventEffect(.comments),
    EventEffect(.shares),
    EventEffect(.follows),
    EventEffect(.gifts),
  ]
}
