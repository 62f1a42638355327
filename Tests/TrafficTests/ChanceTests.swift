import Testing

@testable import Traffic

@Suite struct ChanceTests {
  @Test func aliasTableDrawsInProportionToWeights() {
    let weights = [0.5, 8, 1, 0.001, 2.499, 4]
    var table = AliasTable(count: weights.count)
    table.rebuild([3, 3, 3, 3, 3, 3])
    table.rebuild(weights)
    var random = Random(seed: 5)
    var counts = [Int](repeating: 0, count: weights.count)
    for _ in 0..<400_000 { counts[table.sample(&random)] += 1 }
    for (index, weight) in weights.enumerated() {
      let expected = 400_000 * weight / 16
      #expect(abs(Double(counts[index]) - expected) <= 5 * expected.squareRoot() + 1)
    }
  }

  @Test func quantileTableMeetsItsQuantiles() {
    let table = QuantileTable([(0, 10), (0.5, 100), (0.9, 1_000), (1, 5_000)])
    var random = Random(seed: 5)
    let values = (0..<100_000).map { _ in table.sample(&random) }.sorted()
    #expect(values[0] >= 10 && values[99_999] <= 5_000)
    #expect(abs(values[50_000] - 100) < 5)
    #expect(abs(values[90_000] - 1_000) < 50)
  }

  @Test func randomIsXoshiro256PlusPlus() {
    // Seeded by SplitMix64 from 0, whose first four outputs are published with it; the first result is then
    // rotl(s0 + s3, 23) + s0.
    let state: [UInt64] = [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec]
    let sum = state[0] &+ state[3]
    var random = Random(seed: 0)
    #expect(random.next() == (sum << 23 | sum >> 41) &+ state[0])
  }

  @Test func queueGivesBackWhatIsDueInOrder() {
    var queue = CalendarQueue(start: 1_000_000_007, limit: 5_000)
    var random = Random(seed: 9)
    var expected: [Int64: Int] = [:]
    var now: Int64 = 1_000_000_007
    for round in 0..<20_000 {
      let reach = [10, 70_000, 5_000_000][round % 3]
      let due = now + Int64(random.below(reach))
      let draft = EventDraft(eventTime: due, type: .paid, session: 0, host: 0, viewer: 0)
      let wasFull = queue.count == 5_000
      #expect(queue.add(draft, due: due) == !wasFull)
      if !wasFull { expected[due, default: 0] += 1 }
      if round % 2 == 0 { now += Int64(random.below(1_000)) }
      while let taken = queue.takeDue(at: now) {
        #expect(taken.eventTime <= now)
        expected[taken.eventTime]! -= 1
        if expected[taken.eventTime] == 0 { expected[taken.eventTime] = nil }
      }
      #expect(expected.keys.allSatisfy { $0 > now } || round % 500 != 0)
    }
    while let taken = queue.takeDue(at: now + 10_000_000) { expected[taken.eventTime]! -= 1 }
    #expect(queue.count == 0)
    #expect(expected.values.allSatisfy { $0 == 0 })
  }
}
