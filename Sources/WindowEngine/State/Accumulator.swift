import LiveEvents

/// Everything that is kept of the events of one key in one stretch of time. Merges in any order.
@usableFromInline
struct Accumulator: BitwiseCopyable {
  @usableFromInline var counters = Counters()
  @usableFromInline var buyers = Sketch()
  @usableFromInline var viewers = Sketch()
  @usableFromInline var clickers = Sketch()
  /// The earliest and the latest event time, ms since the epoch; sessions are cut by them.
  @usableFromInline var firstTimestamp = Int64.max
  @usableFromInline var lastTimestamp = Int64.min

  @inlinable init() {}

  /// Whether no event has been added.
  @inlinable var isEmpty: Bool { lastTimestamp == .min }

  /// Counts one event.
  @inlinable @inline(__always)
  mutating func add(_ event: Event, in pool: SketchPool) {
    let timestamp = event.timestamp
    if timestamp < firstTimestamp { firstTimestamp = timestamp }
    if timestamp > lastTimestamp { lastTimestamp = timestamp }
    if !event.type.isPurchase { viewers.insert(event[.viewerID].hash, in: pool) }
    switch event.type {
    case .placed:
      counters.add(event.amountMinor, to: .gmvPlaced)
      counters.increment(.ordersPlaced)
    case .paid:
      counters.add(event.amountMinor, to: .gmv)
      counters.increment(.orders)
      counters.add(event.quantity, to: .units)
      buyers.insert(event[.buyerID].hash, in: pool)
    case .cancelled: counters.increment(.cancelledOrders)
    case .refunded:
      counters.add(event.amountMinor, to: .refunds)
      counters.increment(.refundOrders)
    case .enter: counters.increment(.views)
    case .leave, .heartbeat: counters.add(event.watchMilliseconds, to: .watchMilliseconds)
    case .impression: counters.increment(.impressions)
    case .click:
      counters.increment(.clicks)
      clickers.insert(event[.viewerID].hash, in: pool)
    case .cart: counters.increment(.carts)
    case .like: counters.increment(.likes)
    case .comment: counters.increment(.comments)
    case .share: counters.increment(.shares)
    case .follow: counters.increment(.follows)
    case .gift: counters.increment(.gifts)
    }
  }

  /// Adds what `other`, of any pool, holds.
  mutating func merge(_ other: Accumulator, in pool: SketchPool) {
    counters.add(other.counters)
    mergeSketches(other, in: pool)
    firstTimestamp = min(firstTimestamp, other.firstTimestamp)
    lastTimestamp = max(lastTimestamp, other.lastTimestamp)
  }

  /// Adds the distinct members of `other`, not its sums.
  mutating func mergeSketches(_ other: Accumulator, in pool: SketchPool) {
    if !other.buyers.isEmpty { buyers.formUnion(other.buyers, in: pool) }
    if !other.viewers.isEmpty { viewers.formUnion(other.viewers, in: pool) }
    if !other.clickers.isEmpty { clickers.formUnion(other.clickers, in: pool) }
  }

  /// Which sketches are not empty: a bit each for buyers, viewers and clickers.
  var sketchMarks: UInt8 { (buyers.isEmpty ? 0 : 1) | (viewers.isEmpty ? 0 : 2) | (clickers.isEmpty ? 0 : 4) }

  /// Forgets the members of the sketches and gives their memory back.
  mutating func clearSketches(in pool: SketchPool) {
    buyers.clear(in: pool)
    viewers.clear(in: pool)
    clickers.clear(in: pool)
  }

  /// Gives the memory back and leaves an empty accumulator.
  mutating func clear(in pool: SketchPool) {
    clearSketches(in: pool)
    self = Accumulator()
  }
}
