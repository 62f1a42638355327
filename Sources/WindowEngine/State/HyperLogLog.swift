/// The estimate of a distinct count from HyperLogLog registers.
///
/// Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6: the improved raw
/// estimator, which needs no bias tables and no switch between ranges.
enum HyperLogLog {
  /// The largest value of a register: 64 - 12 bits of hash can all be zero.
  private static let maxRank = 64 - Sketch.precision + 1

  /// The estimate, rounded half away from zero, and at least 257: registers are only used beyond 256 members.
  static func estimate(_ registers: UnsafePointer<UInt8>) -> Int64 {
    let m = Double(Sketch.registerCount)
    var histogram = InlineArray<64, Int32>(repeating: 0)
    for i in 0..<Sketch.registerCount { histogram[Int(registers[i])] += 1 }
    var z = m * tau(1 - Double(histogram[maxRank]) / m)
    for rank in stride(from: maxRank - 1, through: 1, by: -1) {
      z = 0.5 * (z + Double(histogram[rank]))
    }
    z += m * sigma(Double(histogram[0]) / m)
    // alpha for infinitely many registers is 1 / (2 ln 2).
    let value = m * m / (2 * 0.693147180559945309417 * z)
    return max(Int64(value.rounded(.toNearestOrAwayFromZero)), Int64(Sketch.sparseLimit + 1))
  }

  private static func sigma(_ x0: Double) -> Double {
    if x0 == 1 { return .infinity }
    var x = x0
    var y = 1.0
    var z = x
    while true {
      x *= x
      let previous = z
      z += x * y
      y += y
      if z == previous { return z }
    }
  }

  private static func tau(_ x0: Double) -> Double {
    if x0 == 0 || x0 == 1 { return 0 }
    var x = x0
    var y = 1.0
    var z = 1 - x
    while true {
      x = x.squareRoot()
      let previous = z
      y *= 0.5
      z -= (1 - x) * (1 - x) * y
      if z == previous { return z / 3 }
    }
  }
}
