import LiveEvents
import Testing

@Suite struct IdentifierHashTests {
  static func hash(_ text: some Sequence<UInt8>) -> UInt64 {
    Array(text).withUnsafeBytes { IdentifierHash.hash($0) }
  }
  static func fingerprint(_ text: some Sequence<UInt8>) -> UInt64 {
    Array(text).withUnsafeBytes { IdentifierHash.fingerprint($0) }
  }

  @Test func noBytesHashToZeroAndNothingElseDoes() {
    #expect(IdentifierHashTests.hash([]) == 0)
    #expect(IdentifierHash.hash(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
    for length in 1...200 { #expect(IdentifierHashTests.hash(Array(repeating: 0, count: length)) != 0) }
  }

  @Test func lengthAndPlaceOfEveryByteCount() {
    var seen: Set<UInt64> = []
    for length in 1...130 {
      let zeros = [UInt8](repeating: 0, count: length)
      #expect(seen.insert(IdentifierHashTests.hash(zeros)).inserted)
      for index in 0..<length {
        var text = zeros
        text[index] = 1
        #expect(seen.insert(IdentifierHashTests.hash(text)).inserted)
      }
    }
  }

  /// 300 000 similar names: about 2^36 / 2^65 collisions are expected of a random function, so none.
  @Test func similarNamesDoNotCollide() {
    var hashes: [UInt64] = []
    for prefix in ["u", "viewer-", "550e8400-e29b-41d4-a716-"] {
      for number in 0..<100_000 { hashes.append(IdentifierHashTests.hash("\(prefix)\(number)".utf8)) }
    }
    #expect(Set(hashes).count == hashes.count)
  }

  /// Chi-square over 4096 buckets by the highest and by the lowest bits: mean 4095, standard deviation 90.5.
  @Test(arguments: [0, 20, 52])
  func bucketsFillEvenly(_ shift: UInt64) {
    for prefix in ["u", "session-000000000", "550e8400-e29b-41d4-a716-4466554400"] {
      for function in [IdentifierHashTests.hash, IdentifierHashTests.fingerprint] as [(String.UTF8View) -> UInt64] {
        var buckets = [Double](repeating: 0, count: 4096)
        let count = 100_000
        for number in 0..<count { buckets[Int(function("\(prefix)\(number)".utf8) >> shift & 4095)] += 1 }
        let mean = Double(count) / 4096
        let chiSquare = buckets.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / mean }
        #expect(abs(chiSquare - 4095) < 6 * 90.5)
      }
    }
  }

  /// Every bit of the input turns every bit of either hash in about half of the cases.
  @Test func avalanche() {
    var generator = SeededGenerator(seed: 6)
    for length in [4, 8, 9, 17, 36] {
      let rounds = 1_000
      for function in [IdentifierHashTests.hash, IdentifierHashTests.fingerprint] as [([UInt8]) -> UInt64] {
        for bit in stride(from: 0, to: length * 8, by: max(3, length)) {
          var turned = [Int](repeating: 0, count: 64)
          for _ in 0..<rounds {
            var text = (0..<length).map { _ in UInt8.random(in: 0...127, using: &generator) }
            let before = function(text)
            text[bit / 8] ^= 1 << UInt8(bit % 8)
            let difference = before ^ function(text)
            for index in 0..<64 { turned[index] += Int(difference >> UInt64(index) & 1) }
          }
          // The standard deviation is 15.8 of 1000; seven of them are allowed.
          #expect(turned.allSatisfy { abs($0 - rounds / 2) < 111 }, "length \(length), bit \(bit)")
        }
      }
    }
  }

  @Test func fingerprintIsIndependentOfTheHash() {
    var generator = SeededGenerator(seed: 7)
    var agreeing = 0
    let rounds = 20_000
    for _ in 0..<rounds {
      let text = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        UInt8.random(in: 33...126, using: &generator)
      }
      agreeing += 64 - (IdentifierHashTests.hash(text) ^ IdentifierHashTests.fingerprint(text)).nonzeroBitCount
    }
    #expect(abs(Double(agreeing) / Double(rounds) - 32) < 0.2)
  }

  /// Written down from the description of the function, with arithmetic on whole 128-bit numbers: a change of the
  /// hash is a change of the state's format.
  @Test func hashIsTheOneOfVersionOne() {
    #expect(IdentifierHash.version == 1)
    var generator = SeededGenerator(seed: 8)
    for length in 1...200 {
      let text = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(IdentifierHashTests.hash(text) == ReferenceHash.identity.hash(text))
      #expect(IdentifierHashTests.fingerprint(text) == ReferenceHash.fingerprint.hash(text))
    }
  }
}

/// The hash, byte by byte.
private struct ReferenceHash {
  var low, high, block, finalLow, finalHigh: UInt64

  static let identity = ReferenceHash(
    low: 0xFF1B_53C6_9A2E_74D9, high: 0xFE8E_B2A7_1D64_C53B, block: 0x9C6D_51E3_B478_A62F,
    finalLow: 0x59A7_C34E_D28B_1E65, finalHigh: 0xE3B4_6A95_1CD8_7263)
  static let fingerprint = ReferenceHash(
    low: 0xFF72_A59C_3E61_D48B, high: 0xFEC5_1B6E_927A_3DA9, block: 0x6B39_E4D2_875C_A1F3,
    finalLow: 0xD1E6_4B2D_93A7_5C39, finalHigh: 0xA65C_39D1_7E2B_84F5)

  func hash(_ text: [UInt8]) -> UInt64 {
    var words: [UInt64] = []
    for start in stride(from: 0, to: text.count, by: 8) {
      words.append(text[start..<min(start + 8, text.count)].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
    if words.count % 2 == 1 { words.append(0) }
    var seed: UInt64 = 0
    for index in stride(from: 0, to: words.count - 2, by: 2) {
      let (left, right) = (words[index] ^ block, words[index + 1] ^ finalHigh ^ seed)
      let product = UInt128(left) * UInt128(right)
      seed = left ^ right ^ UInt64(product % (1 << 64)) ^ UInt64(product / (1 << 64))
    }
    let first = UInt128(words[words.count - 2] ^ low) * UInt128(words[words.count - 1] ^ high ^ seed)
    let second =
      UInt128(UInt64(first % (1 << 64)) ^ finalLow ^ UInt64(text.count))
      * UInt128(UInt64(first / (1 << 64)) ^ finalHigh)
    let result = UInt64(second % (1 << 64)) ^ UInt64(second / (1 << 64))
    return result == 0 ? 1 : result
  }
}
