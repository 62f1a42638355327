import CHyperLogLog
import Oracle
import Testing

@testable import WindowEngine

@Suite struct SketchTests {
  private func hashes(_ count: Int, seed: UInt64) -> [UInt64] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in random.next() | 1 }
  }

  @Test func countsExactlyUpTo256Members() {
    let pool = SketchPool()
    var sketch = Sketch()
    var members: Set<UInt64> = []
    for hash in hashes(256, seed: 3) {
      sketch.insert(hash, in: pool)
      sketch.insert(hash, in: pool)
      members.insert(hash)
      #expect(sketch.estimate == Int64(members.count))
      #expect(!sketch.isDense)
    }
    sketch.insert(2, in: pool)
    #expect(sketch.isDense)
    #expect(sketch.estimate >= 257)
  }

  @Test func standardErrorIsThatOfTwelveBits() {
    // 1.04 / sqrt(4096) = 1.63 %; the mean square error over 60 sets stays within 1.3 times that.
    for size in [1000, 20_000, 200_000] {
      var squares = 0.0
      let sets = size > 100_000 ? 20 : 60
      for seed in 0..<UInt64(sets) {
        let pool = SketchPool()
        var sketch = Sketch()
        for hash in hashes(size, seed: seed &* 1_000_003 &+ 17) { sketch.insert(hash, in: pool) }
        let error = Double(sketch.estimate) / Double(size) - 1
        squares += error * error
      }
      #expect((squares / Double(sets)).squareRoot() < 0.0163 * 1.3, "size \(size)")
    }
  }

  @Test func isAFunctionOfTheMemberSetHoweverItWasMerged() {
    for size in [0, 1, 2, 5, 8, 9, 16, 100, 255, 256, 257, 400, 5000] {
      let members = hashes(size, seed: UInt64(size) + 9)
      let pool = SketchPool()
      var straight = Sketch()
      for hash in members { straight.insert(hash, in: pool) }
      for parts in [2, 3, 7] {
        var merged = Sketch()
        for part in (0..<parts).reversed() {
          let other = SketchPool()
          var piece = Sketch()
          // Parts overlap: every third member is in all of them.
          for (i, hash) in members.enumerated() where i % parts == part || i % 3 == 0 { piece.insert(hash, in: other) }
          merged.formUnion(piece, in: pool)
        }
        // Taken over instead of added: by an empty, a smaller or a larger one of the same pool.
        var taken = Sketch()
        for part in 0..<parts {
          var piece = Sketch()
          for (i, hash) in members.enumerated() where i % parts == part || i % 3 == 0 { piece.insert(hash, in: pool) }
          taken.take(&piece, in: pool)
          #expect(piece.isEmpty)
        }
        #expect(taken.isDense == straight.isDense && taken.estimate == straight.estimate)
        #expect(merged.isDense == straight.isDense)
        #expect(merged.estimate == straight.estimate)
        if let a = merged.denseRegisters, let b = straight.denseRegisters {
          #expect((0..<Sketch.registerCount).allSatisfy { a[$0] == b[$0] })
        } else {
          var a: Set<UInt64> = []
          var b: Set<UInt64> = []
          merged.forEachMember { a.insert($0) }
          straight.forEachMember { b.insert($0) }
          #expect(a == b && a == Set(members))
        }
      }
    }
  }

  /// As a damaged partial could hold them: fewer different ones than there are words, zeros, or more than a set has.
  @Test func membersThatAreRepeatedAreOneMember() {
    let pool = SketchPool()
    for words in [
      [UInt64](repeating: 7, count: 40), [7] + [UInt64](repeating: 0, count: 40),
      [UInt64](repeating: 0, count: 40), [7, 9] + [UInt64](repeating: 7, count: 100), hashes(300, seed: 1),
      [UInt64](repeating: 7, count: 300), [7, 0, 9], [0], [0, 0, 5, 0, 6, 0, 0, 8],
    ] {
      for known in [[], [7], [7, 9, 11]] as [[UInt64]] {
        var sketch = Sketch()
        for member in known { sketch.insert(member, in: pool) }
        words.withUnsafeBytes { SketchBytes(bytes: $0).add(to: &sketch, in: pool) }
        sketch.insert(13, in: pool)
        let wanted = Set(known + words + [13]).subtracting([0])
        let buffer = ByteBuffer(capacity: 1)
        buffer.put(sketch)
        let length = sketch.isDense ? Sketch.registerCount : 8 * wanted.count
        #expect(buffer.count == (wanted.count < 128 ? 1 : 2) + length)
        #expect(sketch.isDense == (wanted.count > Sketch.sparseLimit))
        if !sketch.isDense {
          var members: [UInt64] = []
          sketch.forEachMember { members.append($0) }
          #expect(members.count == wanted.count && Set(members) == wanted, "\(words.prefix(2)) to \(known)")
        }
        sketch.clear(in: pool)
      }
    }
  }

  @Test func aUnionIsTheSameWithRoomForWhatIsExpected() {
    let members = hashes(300, seed: 5)
    for sizes in [(1, 1), (3, 20), (20, 3), (100, 100), (200, 90), (256, 1)] {
      for expected in [0, 1, sizes.0 + sizes.1, 1_000] {
        let pool = SketchPool()
        var (first, second, union) = (Sketch(), Sketch(), Sketch())
        for member in members.prefix(sizes.0) { first.insert(member, in: pool) }
        // Half of the second set is in the first one, too.
        let other = members.dropFirst(sizes.0 - min(sizes.0, sizes.1 / 2)).prefix(sizes.1)
        for member in other { second.insert(member, in: pool) }
        union.formUnion(first, in: pool, expected: expected)
        union.formUnion(second, in: pool, expected: expected)
        let count = Set(members.prefix(sizes.0)).union(other).count
        #expect(union.isDense == (count > Sketch.sparseLimit))
        if !union.isDense { #expect(union.estimate == Int64(count)) }
        let buffer = ByteBuffer(capacity: 1)
        buffer.put(union)
        if !union.isDense { #expect(buffer.count == (count < 128 ? 1 : 2) + 8 * count) }
      }
    }
  }

  /// With this processor's instructions, where it has any, against a plain sum and the estimate without them.
  @Test(.enabled(if: lt_best_sum() != nil)) func registersAreAddedUpExactly() throws {
    let sumUp = try #require(lt_best_sum())
    var random = SplitMix64(seed: 29)
    for round in 0..<300 {
      let top = UInt64(round % 54)
      let registers = (0..<Sketch.registerCount).map { _ in UInt8(min(random.next() % (top + 1), random.next() % 54)) }
      var sum = lt_register_sum()
      let isSummed = sumUp(registers, &sum)
      #expect(isSummed == (registers.max()! <= LT_LARGEST_SUMMED))
      if isSummed {
        #expect(sum.zeros == registers.count { $0 == 0 })
        #expect(sum.sum == registers.reduce(0) { $0 + 1 << (Int64(LT_LARGEST_SUMMED) - Int64($1)) })
      }
      #expect(HyperLogLog.estimate(registers) == HyperLogLog.estimate(histogram: HyperLogLog.histogram(registers)))
    }
  }

  @Test func memoryComesBackToThePool() {
    let pool = SketchPool()
    for _ in 0..<3 {
      var sketches: [Sketch] = []
      for seed in 0..<50 {
        var sketch = Sketch()
        for hash in hashes(300, seed: UInt64(seed)) { sketch.insert(hash, in: pool) }
        sketches.append(sketch)
      }
      for i in sketches.indices { sketches[i].clear(in: pool) }
    }
    // 50 sketches of 4 KiB, the smaller blocks that they grew out of, and chunks of 512 KiB.
    #expect(pool.byteCount <= 3 << 19)
  }

  @Test func rememberedIDsAreForgottenAtTheirExpiry() {
    var ids = RememberedIDs()
    func insert(_ id: UInt64, expiry: Int64, watermark: Int64) -> Bool {
      ids.insert(hash: id, fingerprint: id ^ 77, expiry: expiry, watermark: watermark)
    }
    #expect(insert(5, expiry: 100, watermark: 0))
    #expect(!insert(5, expiry: 900, watermark: 99))
    // The duplicate did not prolong it; at 100 it is forgotten.
    #expect(insert(5, expiry: 300, watermark: 100))
    #expect(!insert(5, expiry: 300, watermark: 299))
    // The same hash with another fingerprint is another id.
    let isNew = ids.insert(hash: 5, fingerprint: 1, expiry: 400, watermark: 299)
    #expect(isNew)
  }

  @Test func rememberedIDsTakeNoMoreRoomThanTheHorizonNeeds() {
    var ids = RememberedIDs()
    for i in 0..<200_000 as Range<Int64> {
      let isNew = ids.insert(
        hash: UInt64(i) &* 0x9E37_79B9_7F4A_7C15, fingerprint: UInt64(i), expiry: i + 1000, watermark: i)
      #expect(isNew)
    }
    // A thousand alive at a time: a table of at most 4096 entries of 24 bytes.
    #expect(ids.byteCount <= 4096 * 24)
  }
}
