import Foundation
import Testing

@testable import Oracle

@Suite struct DistinctCountTests {
  /// Ertl's estimate from register multiplicities, with his sums written as the series of the paper's formulas (and
  /// not as its loops): sigma(x) = x + sum x^(2^k) 2^(k-1), tau(x) = (1 - x - sum (1 - x^(2^-k))^2 2^-k) / 3, k from 1.
  private func series(_ multiplicity: [Double]) -> Double {
    let m = 4096.0
    let empty = multiplicity[0] / m
    var sigma = empty
    for k in 1...40 { sigma += pow(empty, pow(2, Double(k))) * pow(2, Double(k - 1)) }
    let notFull = 1 - multiplicity[53] / m
    var tau = 1 - notFull
    for k in 1...60 { tau -= pow(1 - pow(notFull, pow(2, -Double(k))), 2) * pow(2, -Double(k)) }
    tau /= 3
    var sum = m * sigma
    for k in 1...52 { sum += multiplicity[k] * pow(2, -Double(k)) }
    sum += m * tau * pow(2, -52)
    return m * m / (2 * log(2.0)) / sum
  }

  @Test func exactUpTo256() {
    #expect(DistinctCount.of([]) == 0)
    #expect(DistinctCount.of(Set(0..<256)) == 256)
  }

  @Test func oneMemberInEachOfManyRegisters() {
    // 1000 registers with the lowest rank 1: the first of the 52 bits is set.
    let hashes = Set((0..<1000).map { (UInt64($0) << 52) | (1 << 51) })
    var multiplicity = [Double](repeating: 0, count: 54)
    multiplicity[0] = 3096
    multiplicity[1] = 1000
    let estimate = series(multiplicity)
    #expect(abs(DistinctCount.estimate(hashes) - estimate) < 1e-6)
    #expect(DistinctCount.of(hashes) == Int(estimate.rounded()))
  }

  @Test func allRanksFromLowestToFull() {
    // Register r gets rank r + 1 for r < 53: bit 51 - r set; register 52 and 10 more ones are 0, the full rank 53.
    var hashes = Set((0..<52).map { (UInt64($0) << 52) | (1 << UInt64(51 - $0)) })
    for register in 52..<63 { hashes.insert(UInt64(register) << 52) }
    // More members of a register that already has a higher rank do not count.
    for low in 0..<300 { hashes.insert((51 << 52) | (1 << 51) | UInt64(low)) }
    var multiplicity = [Double](repeating: 0, count: 54)
    multiplicity[0] = 4096 - 63
    for rank in 1...52 { multiplicity[rank] = 1 }
    multiplicity[53] = 11
    #expect(abs(DistinctCount.estimate(hashes) - series(multiplicity)) < 1e-6)
    // That is far below 257, the least that is given for more than 256 members.
    #expect(hashes.count > 256)
    #expect(DistinctCount.of(hashes) == 257)
  }

  @Test(arguments: [300, 1_000, 20_000, 200_000])
  func estimatesWithinFiveStandardErrors(_ count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    let hashes = Set((0..<count).map { _ in random.next() })
    #expect(abs(Double(DistinctCount.of(hashes) - count)) < 5 * 0.0163 * Double(count))
  }
}
