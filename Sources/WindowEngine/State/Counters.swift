/// The sums and counts of an accumulator, by position in ``Counters``.
@usableFromInline
enum Counter: Int, CaseIterable, BitwiseCopyable, Sendable {
  case gmv, gmvPlaced, refunds
  case units, watchMilliseconds
  case orders, ordersPlaced, refundOrders, cancelledOrders
  case views, impressions, clicks, carts, likes, comments, shares, follows, gifts

  @usableFromInline static let count = 18
}

/// Eighteen sums that never wrap: one that would pass `Int64.max` stops there.
///
/// All are sums of values that are not negative, so stopping at the limit does not depend on the order of adding.
@usableFromInline
struct Counters: BitwiseCopyable, Sendable {
  @usableFromInline var values: InlineArray<18, Int64> = .init(repeating: 0)

  @inlinable init() {}

  @inlinable subscript(counter: Counter) -> Int64 {
    @inline(__always) get { values[counter.rawValue] }
  }

  /// Adds `amount`, which is not negative.
  @inlinable @inline(__always) mutating func add(_ amount: Int64, to counter: Counter) {
    let (sum, overflow) = values[counter.rawValue].addingReportingOverflow(amount)
    values[counter.rawValue] = overflow ? .max : sum
  }

  /// Adds what an event does, whose amount is not negative.
  @inline(__always) mutating func add(_ amount: Int64, asTold effect: EventEffect) {
    values[effect.counter.rawValue] &+= effect.steps
    add(amount & effect.amountMask, to: effect.sum)
  }

  /// Where a counter lies, bytes from the first.
  @inline(__always) static func offset(of counter: Counter) -> Int { counter.rawValue * MemoryLayout<Int64>.stride }

  /// Adds every sum of `other`.
  mutating func add(_ other: Counters) { withUnsafePointer(to: other) { add($0) } }

  /// Adds every sum of `other`, in place: eighteen sums are too many to be handed about for each key.
  @inline(__always) mutating func add(_ other: UnsafePointer<Counters>) {
    // Two sums that are not negative wrap to a negative one exactly if they pass the limit.
    var signs: Int64 = 0
    for i in 0..<Counter.count {
      let sum = values[i] &+ other.pointee.values[i]
      values[i] = sum
      signs |= sum
    }
    if signs < 0 { stopAtLimit() }
  }

  @inline(never) private mutating func stopAtLimit() {
    for i in 0..<Counter.count where values[i] < 0 { values[i] = .max }
  }

  /// What has come since `earlier`, an older state of the same sums.
  func since(_ earlier: Counters) -> Counters {
    var difference = Counters()
    for i in 0..<Counter.count { difference.values[i] = values[i] &- earlier.values[i] }
    return difference
  }

  /// Whether a sum has stopped at the limit.
  var isSaturated: Bool {
    for i in 0..<Counter.count where values[i] == .max { return true }
    return false
  }
}
