import Kafka
import Testing

@testable import Pipeline

@Suite struct FiguresTests {
  @Test func recordsOfAnyAgeAreObserved() {
    let histogram = DurationHistogram(bounds: [0.1])
    // Fifty years old, and as many as one commit can have.
    histogram.observe(from: 0, to: 1_600_000_000_000, count: UInt64(UInt32.max))
    #expect(histogram.durations.count == UInt64(UInt32.max))
    // Nothing lasts longer than a day here: the mean of 0 and 86 400 s.
    let one = DurationHistogram(bounds: [0.1])
    one.observe(from: 0, to: 1_600_000_000_000, count: 1)
    #expect(one.durations.seconds == 43_200)
  }

  @Test func durationsGoToTheBucketThatHoldsThem() {
    let histogram = DurationHistogram(bounds: [0.1, 0.5, 1])
    for milliseconds: Int64 in [0, 100, 101, 1000, 1001] { histogram.observe(milliseconds: milliseconds) }
    #expect(histogram.durations == Durations(bounds: [0.1, 0.5, 1], counts: [2, 3, 4], count: 5, seconds: 2.202))
  }

  @Test func recordsThatCameEvenlyAreSpreadEvenlyOverTheBuckets() {
    let histogram = DurationHistogram(bounds: [0.1, 0.5, 1])
    // 1000 durations from 0 to 2 s: 50 up to 0.1 s, 250 up to 0.5 s, 500 up to 1 s; on average 1 s.
    histogram.observe(from: 0, to: 2000, count: 1000)
    #expect(
      histogram.durations == Durations(bounds: [0.1, 0.5, 1], counts: [50, 250, 500], count: 1000, seconds: 1000))
  }

  @Test func aClockThatIsBehindGivesNoNegativeDuration() {
    let histogram = DurationHistogram(bounds: [0.1])
    histogram.observe(from: -3000, to: -2000, count: 7)
    #expect(histogram.durations == Durations(bounds: [0.1], counts: [7], count: 7, seconds: 0))
  }

  @Test func arrivalsSurviveTheirWayAsAHeader() {
    let arrivals = [
      Arrival(oldest: 1_592_308_800_000, newest: 1_592_308_800_499, count: 70_000),
      Arrival(oldest: 0, newest: .max, count: .max),
    ]
    #expect(ArrivalHeader.decode([Header("x", "y"), ArrivalHeader.encode(arrivals)]) == arrivals)
    #expect(ArrivalHeader.decode([]) == [])
    // One byte short is another form, and only a figure.
    var cut = ArrivalHeader.encode(arrivals)
    cut.value?.removeLast()
    #expect(ArrivalHeader.decode([cut]) == [])
  }

  @Test func arrivalsAddUp() {
    var one = Arrival(first: 500, last: 300, count: 2)
    one?.add(Arrival(oldest: 100, newest: 400, count: 5))
    #expect(one == Arrival(oldest: 100, newest: 500, count: 7))
    one?.add(Arrival(oldest: 100, newest: 400, count: .max))
    #expect(one?.count == .max)
    // Records without timestamps say nothing.
    #expect(Arrival(first: -1, last: 300, count: 2) == nil)
  }

  @Test func aThreadThatGivesNoSignForTooLongIsNamed() {
    let pulses = Pulses()
    let limit = Pulses.limitMilliseconds
    let (lane, committer) = (pulses.begin("lane-0", now: 0), pulses.begin("committer", now: 0))
    lane.beat(now: 5_000)
    committer.beat(now: 5_000)
    #expect(pulses.stalled(now: 5_000 + limit).isEmpty)
    lane.beat(now: 40_000)
    #expect(pulses.stalled(now: 5_001 + limit).map(\.name) == ["committer"])
    #expect(pulses.stalled(now: 5_001 + limit).map(\.seconds) == [60])
    // Transactions that may last longer make longer calls.
    pulses.allow(transactionMilliseconds: 60_000)
    #expect(pulses.stalled(now: 5_000 + limit + 120_000).map(\.name) == [])
    #expect(pulses.stalled(now: 5_001 + limit + 120_000).map(\.name) == ["committer"])
    // One that has ended stands still for good reason.
    committer.end()
    lane.end()
    #expect(pulses.stalled(now: 1 << 40).isEmpty)
  }

  @Test func readyIsWhoseStateIsRestoredAndWhoseCommitsGoThrough() {
    let statistics = DaemonStatistics()
    #expect(statistics.obstacle(now: 0) == "the Kafka clients of ingest are being made")
    statistics.ingest.progress.enter(.joining)
    #expect(statistics.obstacle(now: 0) == "the group has not assigned source partitions yet")
    statistics.ingest.progress.enter(.working)
    statistics.rollup.progress.enter(.restoring)
    #expect(statistics.obstacle(now: 0) == "the state of the shards is being restored")
    statistics.rollup.progress.enter(.working)
    #expect(statistics.obstacle(now: 0) == nil)
    // A commit that is tried again and again counts from its first try.
    let patience = Progress.patienceMilliseconds
    statistics.ingest.progress.tries(now: 1_000)
    statistics.ingest.progress.tries(now: 9_000)
    #expect(statistics.obstacle(now: 1_000 + patience) == nil)
    #expect(statistics.obstacle(now: 1_001 + patience) == "no commit of ingest has gone through for 10 s")
    statistics.ingest.progress.settles()
    #expect(statistics.obstacle(now: 1_001 + patience) == nil)
    statistics.detach()
    #expect(statistics.obstacle(now: 0) == "the Kafka clients of ingest are being made")
  }

  @Test func aCounterGoesOnWhenItsOwnerIsReplaced() {
    let counter = FollowingCounter()
    counter.follow(10)
    counter.follow(15)
    // A shard has gone, and its share with it.
    counter.follow(12)
    counter.follow(13)
    #expect(counter.value == 16)
    counter.forgetOwner()
    counter.follow(4)
    #expect(counter.value == 20)
  }
}
