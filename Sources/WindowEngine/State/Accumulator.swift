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

  /// Where in an accumulator adding an event of that type changes a counter.
  @inline(__always) static func counterOffset(of type: EventType) -> Int {
    MemoryLayout<Accumulator>.offset(of: \.counters).unsafelyUnwrapped
      + Counters.offset(of: EventEffect.of(type).counter)
  }

  /// Whether no event has been added.
  @inlinable var isEmpty: Bool { lastTimestamp == .min }

  /// Counts one event.
  @inline(__always)
  mutating func add(_ event: CountedEvent, in pool: SketchPool) {
    let timestamp = event.timestamp
    if timestamp < firstTimestamp { firstTimestamp = timestamp }
    if timestamp > lastTimestamp { lastTimestamp = timestamp }
    counters.add(event.amount, asTold: EventEffect.of(event.type))
    if event.type.isPurchase {
      if event.type == .paid {
        counters.add(event.units, to: .units)
        buyers.insert(event.member, in: pool)
      }
    } else {
      viewers.insert(event.member, in: pool)
      if event.type == .click { clickers.insert(event.member, in: pool) }
    }
  }

  /// Adds what `other`, of any pool, holds.
  mutating func merge(_ other: Accumulator, in pool: SketchPool) {
    withUnsafePointer(to: other) { merge($0, in: pool) }
  }

  /// The same in place: an accumulator is too large to be handed about for each key.
  @inline(__always)
  mutating func merge(_ other: UnsafePointer<Accumulator>, in pool: SketchPool) {
    addSums(of: other)
    if !other.pointee.buyers.isEmpty { buyers.formUnion(other.pointee.buyers, in: pool) }
    if !other.pointee.viewers.isEmpty { viewers.formUnion(other.pointee.viewers, in: pool) }
    if !other.pointee.clickers.isEmpty { clickers.formUnion(other.pointee.clickers, in: pool) }
  }

  /// Adds what `other`, of the same pool, holds and leaves it empty. Members may be taken over as they are.
  @inline(__always)
  mutating func take(_ other: UnsafeMutablePointer<Accumulator>, in pool: SketchPool) {
    addSums(of: other)
    if !other.pointee.buyers.isEmpty { buyers.take(&other.pointee.buyers, in: pool) }
    if !other.pointee.viewers.isEmpty { viewers.take(&other.pointee.viewers, in: pool) }
    if !other.pointee.clickers.isEmpty { clickers.take(&other.pointee.clickers, in: pool) }
    other.pointee.counters = Counters()
    other.pointee.firstTimestamp = .max
    other.pointee.lastTimestamp = .min
  }

  @inline(__always) private mutating func addSums(of other: UnsafePointer<Accumulator>) {
    counters.add(other.pointer(to: \.counters).unsafelyUnwrapped)
    firstTimestamp = min(firstTimestamp, other.pointee.firstTimestamp)
    lastTimestamp = max(lastTimestamp, other.pointee.lastTimestamp)
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
