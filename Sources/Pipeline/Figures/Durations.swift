/// How long something took, by bucket, as a histogram of Prometheus wants it.
public struct Durations: Sendable, Equatable {
  /// Upper bounds of the buckets, seconds, rising.
  public let bounds: [Double]
  /// Observations up to and including each bound, cumulative.
  public let counts: [UInt64]
  /// All observations, also those beyond the last bound.
  public let count: UInt64
  /// Their sum, seconds.
  public let seconds: Double
}

/// Gathers ``Durations``. One thread observes, any reads.
final class DurationHistogram: Sendable {
  /// What a commit takes: 5 ms on a broker next door, and as long as a transaction may last on a bad day.
  static let commitBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  /// What an event takes from its producer to the wall: mostly the commit interval, and minutes after an outage.
  static let latencyBounds = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 300]

  /// A duration counts as a day at most, s: producers write odd times, and a backlog of years is one of a day to anybody
  /// who looks at a mean.
  private static let longestSeconds = 86_400.0
  /// What one observation adds to the sum at most, microseconds, so that no count of events makes it pass 64 bits.
  private static let maxSum = 0x1p62

  private let bounds: [Double]
  /// Observations within each bound and not the one before; the last one counts what is beyond them all.
  private let counts: Counters
  private let microseconds = Counter()

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = Counters(bounds.count + 1)
  }

  func observe(milliseconds: Int64) { observe(from: milliseconds, to: milliseconds, count: 1) }

  /// Observes `count` durations that are spread evenly from the one to the other, ms.
  func observe(from shortest: Int64, to longest: Int64, count: UInt64) {
    let low = min(Double(max(0, min(shortest, longest))) / 1000, Self.longestSeconds)
    let high = min(Double(max(0, shortest, longest)) / 1000, Self.longestSeconds)
    var before: UInt64 = 0
    for (i, bound) in bounds.enumerated() where before < count {
      let share = bound >= high ? 1 : bound < low ? 0 : (bound - low) / (high - low)
      let upTo = UInt64((share * Double(count)).rounded())
      if upTo > before { counts[i].add(upTo - before) }
      before = max(before, upTo)
    }
    if before < count { counts[bounds.count].add(count - before) }
    microseconds.add(UInt64(min(((low + high) / 2 * 1e6 * Double(count)).rounded(), Self.maxSum)))
  }

  var durations: Durations {
    // The sum is read first: with the counts of a moment later a mean is a little low and never absurd.
    let seconds = Double(microseconds.value) / 1e6
    var total: UInt64 = 0
    let cumulative = counts.values.map { count in
      total += count
      return total
    }
    return Durations(bounds: bounds, counts: cumulative.dropLast(), count: total, seconds: seconds)
  }
}
