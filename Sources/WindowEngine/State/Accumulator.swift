import LiveEvents

/// What an accumulator needs of an event.
struct CountedEvent: BitwiseCopyable {
  var type: EventType
  var timestamp: Int64
  /// The hash of the buyer, or of the viewer.
  var member: UInt64
  /// Minor units of money or, of a viewer event, watched milliseconds.
  var amount: Int64
  var units: Int64

  @inline(__always) init(_ event: Event) {
    type = event.type
    timestamp = event.timestamp
    if event.type.isPurchase {
      member = event[.buyerID].hash
      amount = event.amountMinor
    } else {
      member = event[.viewerID].hash
      amount = event.watchMilliseconds
    }
    units = event.quantity
  }
}

/// Everything that is kept of the events of one key in one stretch of time. Merges in any order.
@usableFromInline
struct Accumulator: BitwiseCopyable {
  // What nearly every event touches comes first, close together.
  /// The earliest and the latest event time, ms since the epoch; sessions are cut by them.
  @usableFromInline var firstTimestamp = Int64.max
  @usableFromInline var lastTimestamp = Int64.min
  @usableFromInline var viewers = Sketch()
  @usableFromInline var buyers = Sketch()
  @usableFromInline var clickers = Sketch()
  @usableFromInline var counters = Counters()

  @inlinable init() {}

  /// Where adding an event will look for its member, if not in the accumulator itself.
  @inline(__always) func sketchAddress(of event: CountedEvent) -> UnsafeRawPointer? {
    (event.type.isPurchase ? buyers : viewers).address(of: event.member)
  }

  /// Whether no event has been added.
  @inlinable var isEmpty: Bool { lastTimestamp == .min }

  /// Counts one event.
  @inline(__always)
  mutating func add(_ event: CountedEvent, in pool: SketchPool) {
    let timestamp = event.timestamp
    if timestamp < firstTimestamp { firstTimestamp = timestamp }
    if timestamp > lastTimestamp { lastTimestamp = timestamp }
    if !event.type.isPurchase { viewers.insert(event.member, in: pool) }
    switch event.type {
    case .placed:
      counters.add(event.amount, to: .gmvPlaced)
      counters.increment(.ordersPlaced)
    case .paid:
      counters.add(event.amount, to: .gmv)
      counters.increment(.orders)
      counters.add(event.units, to: .units)
      buyers.insert(event.member, in: pool)
    case .cancelled: counters.increment(.cancelledOrders)
    case .refunded:
      counters.add(event.amount, to: .refunds)
      counters.increment(.refundOrders)
    case .enter: counters.increment(.views)
    case .leave, .heartbeat: counters.add(event.amount, to: .watchMilliseconds)
    case .impression: counters.increment(.impressions)
    case .click:
      counters.increment(.clicks)
      clickers.insert(event.member, in: pool)
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

  /// Adds what `other`, of the same pool, holds. If it is the last to do so, it may take the members over as they are.
  mutating func take(_ other: inout Accumulator, isLast: Bool, in pool: SketchPool) {
    if isLast {
      if buyers.isEmpty { swap(&buyers, &other.buyers) }
      if viewers.isEmpty { swap(&viewers, &other.viewers) }
      if clickers.isEmpty { swap(&clickers, &other.clickers) }
    }
    merge(other, in: pool)
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
