/// xoshiro256++ 1.0 (Blackman and Vigna, 2019), seeded through SplitMix64: the same sequence on every machine.
struct Random {
  private var s0, s1, s2, s3: UInt64

  init(seed: UInt64) {
    var state = seed
    func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      return mixed(state)
    }
    (s0, s1, s2, s3) = (next(), next(), next(), next())
  }

  @inline(__always)
  mutating func next() -> UInt64 {
    let sum = s0 &+ s3
    let result = ((sum &<< 23) | (sum &>> 41)) &+ s0
    let shifted = s1 &<< 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 &<< 45) | (s3 &>> 19)
    return result
  }

  /// A number in 0..<`bound`; the bias, below `bound` / 2^64, does not show.
  @inline(__always)
  mutating func below(_ bound: Int) -> Int { scaled(next(), below: bound) }

  /// A number in 0..<1 with 53 random bits.
  @inline(__always)
  mutating func unit() -> Double { Double(next() &>> 11) * 0x1p-53 }

  /// A number in `range`.
  mutating func within(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + unit() * (range.upperBound - range.lowerBound)
  }

  @inline(__always)
  mutating func happens(_ probability: Probability) -> Bool { next() &>> 11 < probability.threshold }
}

/// A probability, 0...1, as a threshold on 53 random bits, so that a draw needs no floating point.
struct Probability {
  let threshold: UInt64

  init(_ value: Double) { threshold = UInt64(value * 0x1p53) }
}

/// SplitMix64's finaliser: a bijection of 64 bits that spreads every input bit over all output bits.
@inline(__always)
func mixed(_ value: UInt64) -> UInt64 {
  var z = value
  z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z &>> 31)
}

/// Maps 64 random `bits` evenly to 0..<`bound`.
@inline(__always)
func scaled(_ bits: UInt64, below bound: Int) -> Int { Int(bits.multipliedFullWidth(by: UInt64(bound)).high) }
