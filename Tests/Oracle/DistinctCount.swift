import Foundation

/// The distinct count of the contract, from the whole set at once.
enum DistinctCount {
  /// Sets up to this size are counted exactly.
  static let exactLimit = 256
  private static let registerBits = 12
  private static let registers = 4096
  private static let rankLimit = 52

  static func of(_ hashes: Set<UInt64>) -> Int {
    if hashes.count <= exactLimit { return hashes.count }
    return max(exactLimit + 1, Int(estimate(hashes).rounded(.toNearestOrAwayFromZero)))
  }

  /// Algorithm 6 of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017.
  static func estimate(_ hashes: Set<UInt64>) -> Double {
    var ranks = [Int](repeating: 0, count: registers)
    for hash in hashes {
      let register = Int(hash / (1 << 52))
      var rank = 1
      var probe: UInt64 = 1 << 51
      while probe > 0 && hash & probe == 0 {
        rank += 1
        probe >>= 1
      }
      ranks[register] = max(ranks[register], rank)
    }
    var multiplicity = [Double](repeating: 0, count: rankLimit + 2)
    for rank in ranks { multiplicity[rank] += 1 }
    let m = Double(registers)
    var z = m * tau(1 - multiplicity[rankLimit + 1] / m)
    for k in stride(from: rankLimit, through: 1, by: -1) { z = 0.5 * (z + multiplicity[k]) }
    z += m * sigma(multiplicity[0] / m)
    return m * m / (2 * log(2.0)) / z
  }

  private static func sigma(_ start: Double) -> Double {
    if start == 1 { return .infinity }
    var x = start
    var y = 1.0
    var z = x
    while true {
      x *= x
      let before = z
      z += x * y
      y += y
      if z == before { return z }
    }
  }

  private static func tau(_ start: Double) -> Double {
    if start == 0 || start == 1 { return 0 }
    var x = start
    var y = 1.0
    var z = 1 - x
    while true {
      x = x.squareRoot()
      let before = z
      y *= 0.5
      z -= (1 - x) * (1 - x) * y
      if z == before { return z / 3 }
    }
  }
}
