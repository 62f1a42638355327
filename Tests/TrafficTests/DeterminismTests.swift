import Testing
import Traffic

@Suite struct DeterminismTests {
  /// FNV-1a over the bytes and times of the first `count` events.
  private func fingerprint(_ options: TrafficOptions, count: Int) -> UInt64 {
    var generator = TrafficGenerator(options)
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for _ in 0..<count {
      let event = generator.next()
      for byte in event.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ UInt64(bitPattern: event.arrivalTime)) &* 0x100_0000_01b3
    }
    return hash
  }

  @Test func sameSeedGivesSameBytes() throws {
    let options = try TrafficOptions(seed: 42, garbage: 0.001)
    #expect(fingerprint(options, count: 200_000) == fingerprint(options, count: 200_000))
  }

  @Test func anotherSeedGivesOtherBytes() throws {
    let first = fingerprint(try TrafficOptions(seed: 1, sessions: 50), count: 1_000)
    #expect(first != fingerprint(try TrafficOptions(seed: 2, sessions: 50), count: 1_000))
  }

  @Test func aSingleBroadcastOfASingleHostWorks() throws {
    var generator = TrafficGenerator(
      try TrafficOptions(
        sessions: 1, rate: 1, garbage: 0.1, hosts: 1, products: 1, brands: 1, categories: 1, viewers: 1))
    for _ in 0..<40_000 { _ = generator.next() }
    let summary = generator.summary
    #expect(summary.events == 40_000)
    // 40 000 s of broadcasts of at most 4 h each.
    #expect(summary.broadcastsEnded >= 2)
    #expect(summary.broadcastsStarted == summary.broadcastsEnded + 1)
  }

  @Test func aFullPlanDropsWhatFollowsAndCountsIt() throws {
    var generator = TrafficGenerator(try TrafficOptions(sessions: 100, rate: 20_000, plannedLimit: 1_024))
    for _ in 0..<100_000 { _ = generator.next() }
    #expect(generator.summary.abandoned > 0)
    #expect(generator.summary.events == 100_000)
  }

  @Test func everyOptionOutOfRangeIsNamed() {
    #expect(throws: TrafficOptionsError.outOfRange(option: "sessions", value: "0", allowed: "1...1000000")) {
      try TrafficOptions(sessions: 0)
    }
    #expect(throws: TrafficOptionsError.outOfRange(option: "hosts", value: "3", allowed: "4...10000000")) {
      try TrafficOptions(sessions: 4, hosts: 3)
    }
    #expect(throws: TrafficOptionsError.self) { try TrafficOptions(rate: .nan) }
    #expect(throws: TrafficOptionsError.self) { try TrafficOptions(late: -0.1) }
    #expect(throws: TrafficOptionsError.self) { try TrafficOptions(garbageKinds: []) }
  }
}
