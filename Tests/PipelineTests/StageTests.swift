import Foundation
import Kafka
import LiveEvents
import Testing
import WindowEngine

@testable import Pipeline

@Suite struct StageTests {
  @Test func waitingForWeeksDoesNotCountTooFar() {
    var wait = WaitStrategy()
    wait.rounds = Int.max - 1
    wait.wait()
    wait.wait()
    #expect(wait.rounds < 1_000)
  }

  @Test func aSourceIsHeldBackByTheSlowestThatHasUnreadRecords() {
    let sources = Sources((0..<3).map { TopicPartition("t", $0) })
    for (source, watermark) in [100_000, 20_000, 150_000].enumerated() {
      sources.progress(of: source).watermark.store(Int64(watermark), ordering: .relaxed)
    }
    // 80 s ahead of the slowest, with 60 s allowed.
    #expect(!sources.mayRead(0, maxSkew: 60_000))
    #expect(sources.mayRead(0, maxSkew: 80_000))
    #expect(sources.mayRead(1, maxSkew: 60_000))
    // One that has been read to its end holds nobody back.
    sources.progress(of: 1).hasUnread.store(false, ordering: .relaxed)
    #expect(sources.mayRead(0, maxSkew: 60_000))
  }

  @Test func anIdleSourceGoesOnToTheLowestOfTheOthersOrToTheEndOfTheNewestPane() {
    let sources = Sources((0..<3).map { TopicPartition("t", $0) })
    #expect(sources.idleTarget(paneLength: 1_000) == nil)
    for (source, watermark) in [5_000, 9_000, 7_000].enumerated() {
      sources.progress(of: source).watermark.store(Int64(watermark), ordering: .relaxed)
      sources.progress(of: source).newest.store(Int64(watermark) + 5_500, ordering: .relaxed)
    }
    sources.progress(of: 0).isIdle.store(true, ordering: .relaxed)
    #expect(sources.idleTarget(paneLength: 1_000) == 7_000)
    sources.progress(of: 1).isIdle.store(true, ordering: .relaxed)
    sources.progress(of: 2).isIdle.store(true, ordering: .relaxed)
    // The newest event is at 14 500; its pane ends at 15 000.
    #expect(sources.idleTarget(paneLength: 1_000) == 15_000)
  }

  /// A sink that refuses everything.
  private final class BrokenSink: RecordSink {
    struct Refused: Error {}
    func deliver(_ records: RecordBuffer, shard: Int) throws { throw Refused() }
    func settle() {}
  }

  @Test func aRollupThatCannotDeliverSaysSoOnceAndHoldsNobodyUp() {
    let setup = EngineSetup(.replayDefault)
    let failures = FailureCount()
    let rollup = RollupStage(
      shards: [0: RollupShard(plan: setup.plan, mode: .continuous, sources: 1)], sink: BrokenSink(), clock: { 0 },
      failed: { _ in failures.add() })
    let inbox = SPSCRing<HandOver>(capacity: 2)
    let relay = HandOverRelay(
      inboxes: [inbox], rollups: [rollup], owners: [0], committed: { _ in }, failed: { _ in failures.add() })
    relay.start()
    rollup.start(name: "rollup")
    let intake = Intake(
      plan: setup.plan, shards: 1, source: 0, mode: .continuous, keepsDuplicates: false)
    let decoder = IntakeDecoder(policy: setup.policy, source: 0)
    let batch = IntakeBatch(plan: setup.plan, capacity: 1)
    for i in 0..<100 {
      let text = """
        {"type":"enter","session_id":"s","viewer_id":"v\(i)","ts":\(1_592_308_800_000 + i * 1000)}
        """
      Array(text.utf8).withUnsafeBytes {
        decoder.take($0, recordTimestamp: -1, offset: Int64(i), line: 0, into: batch)
        intake.take(batch)
        batch.removeAll()
      }
      let handOver = intake.handOver(sourceOffset: Int64(i) + 1)
      while !inbox.offer(handOver) { usleep(100) }
    }
    inbox.close()
    relay.join()
    rollup.join()
    #expect(failures.count == 1)
  }

  private final class FailureCount: @unchecked Sendable {
    private let lock = NSLock()
    private var stored = 0
    var count: Int { lock.withLock { stored } }
    func add() { lock.withLock { stored += 1 } }
  }
}
