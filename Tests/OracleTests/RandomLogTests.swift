import LiveEvents
import Testing
import WindowEngine

@testable import Oracle

@Suite struct RandomLogTests {
  @Test func theSameSeedGivesTheSameCase() {
    for recordTimestamps in [false, true] {
      let generator = RandomLog(recordTimestamps: recordTimestamps)
      #expect(generator.makeCase(seed: 5).files == generator.makeCase(seed: 5).files)
      #expect(generator.makeCase(seed: 5).files != generator.makeCase(seed: 6).files)
    }
  }

  @Test func everyReasonAndKindOfWindowComesUp() {
    var reasons: Set<RejectReason> = []
    var kinds: Set<String> = []
    var largestCount = 0
    var hasOverflow = false
    for seed in 0..<160 as Range<UInt64> {
      let example = RandomLog(recordTimestamps: seed % 2 == 0).makeCase(seed: seed)
      for window in example.plan.windows {
        switch window.kind {
        case .sliding: kinds.insert("sliding")
        case .cumulative: kinds.insert("cumulative")
        case .session: kinds.insert("session")
        }
      }
      let result = Oracle(plan: example.plan, hash: testHash).run(example.partitions)
      reasons.formUnion((result.rejects + result.duplicateEvents).map(\.reason))
      for record in result.records {
        largestCount = max(largestCount, record.fields["viewers"].flatMap { Int($0) } ?? 0)
        if record.fields["other"] != nil { hasOverflow = true }
      }
    }
    #expect(reasons == Set(RejectReason.allCases))
    #expect(kinds.count == 3)
    #expect(largestCount > DistinctCount.exactLimit)
    #expect(hasOverflow)
  }

  @Test func noLineIsBlankOrHoldsALineFeed() {
    for seed in 0..<100 as Range<UInt64> {
      for input in RandomLog().makeCase(seed: seed).partitions.joined() {
        #expect(input.recordTimestamp == nil)
        #expect(!input.bytes.contains(0x0A))
        #expect(input.bytes.contains { $0 > 0x20 })
      }
    }
  }
}
