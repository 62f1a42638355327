/// A distribution given by some of its quantiles, linear in between.
///
/// Long-tailed durations and prices are described this way because it needs only + - * /: logarithms and powers
/// differ in the last bit from one C library to the next, and the output must not.
struct QuantileTable {
  private static let bits: UInt64 = 10
  private let values: [Int64]

  /// `quantiles`: (cumulative probability, value), both ascending, from probability 0 to 1.
  init(_ quantiles: [(probability: Double, value: Double)]) {
    precondition(quantiles.first?.probability == 0 && quantiles.last?.probability == 1)
    let steps = 1 << Int(Self.bits)
    var segment = 0
    values = (0...steps).map { step in
      let probability = Double(step) / Double(steps)
      while segment < quantiles.count - 2, quantiles[segment + 1].probability < probability { segment += 1 }
      let (low, high) = (quantiles[segment], quantiles[segment + 1])
      let fraction = (probability - low.probability) / (high.probability - low.probability)
      return Int64(low.value + fraction * (high.value - low.value))
    }
  }

  /// A value, from 42 random bits.
  @inline(__always)
  func sample(_ random: inout Random) -> Int64 {
    let draw = random.next()
    let step = Int(draw &>> (64 - Self.bits))
    let fraction = Int64((draw &>> 22) & 0xffff_ffff)
    return values[step] + ((values[step + 1] - values[step]) * fraction) &>> 32
  }
}
