import CHyperLogLog

/// The estimate of a distinct count from HyperLogLog registers.
///
/// Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6: the improved raw
/// estimator, which needs no bias tables and no switch between ranges.
enum HyperLogLog {
  /// The largest value of a register: 64 - 12 bits of hash can all be zero.
  private static let maxRank = 64 - Sketch.precision + 1

  /// The estimate, rounded half away from zero, and at least 257: registers are only used beyond 256 members.
  static func estimate(_ registers: UnsafePointer<UInt8>) -> Int64 {
    var sum = lt_register_sum()
    guard let sumUp, sumUp(registers, &sum) else { return estimate(histogram: histogram(registers)) }
    // The sum is exact, and so is that of the histogram while no value is too large: both give the same estimate.
    let unit = Double(1 << LT_LARGEST_SUMMED)
    return estimate(zeros: sum.zeros, sumOfOthers: Double(sum.sum) / unit - Double(sum.zeros))
  }

  /// Adds registers up with instructions of this processor, for which there need not be any.
  private static let sumUp = {
    precondition(Sketch.registerCount == Int(LT_REGISTERS), "registers of another number")
    return lt_best_sum()
  }()

  /// The estimate from how many registers have each value.
  static func estimate(histogram: borrowing InlineArray<64, Int32>) -> Int64 {
    let m = Double(Sketch.registerCount)
    var z = m * tau(1 - Double(histogram[maxRank]) / m)
    for rank in stride(from: maxRank - 1, through: 1, by: -1) {
      z = 0.5 * (z + Double(histogram[rank]))
    }
    return estimate(zeros: Int64(histogram[0]), sumOfOthers: z)
  }

  /// `sumOfOthers` is the sum of 2^-value over the registers that are not 0.
  private static func estimate(zeros: Int64, sumOfOthers: Double) -> Int64 {
    let m = Double(Sketch.registerCount)
    let z = sumOfOthers + m * sigma(Double(zeros) / m)
    // alpha for infinitely many registers is 1 / (2 ln 2).
    let value = m * m / (2 * 0.693147180559945309417 * z)
    return max(Int64(value.rounded(.toNearestOrAwayFromZero)), Int64(Sketch.sparseLimit + 1))
  }

  /// How many registers have each value. Four counts side by side, since neighbours are often equal, and a count would
  /// have to wait for its last change.
  static func histogram(_ registers: UnsafePointer<UInt8>) -> InlineArray<64, Int32> {
    var parts = InlineArray<256, Int32>(repeating: 0)
    for i in stride(from: 0, to: Sketch.registerCount, by: 4) {
      parts[Int(registers[i] & 63)] &+= 1
      parts[64 + Int(registers[i + 1] & 63)] &+= 1
      parts[128 + Int(registers[i + 2] & 63)] &+= 1
      parts[192 + Int(registers[i + 3] & 63)] &+= 1
    }
    var histogram = InlineArray<64, Int32>(repeating: 0)
    for i in 0..<64 { histogram[i] = parts[i] &+ parts[64 + i] &+ parts[128 + i] &+ parts[192 + i] }
    return histogram
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
