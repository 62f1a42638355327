import Foundation
import Kafka
import LiveEvents
import Synchronization
import WindowEngine

/// What the engine says about itself. Each figure is written by the thread that does the work, per commit and not per
/// event, without a lock; whoever serves `/metrics` reads.
public final class DaemonStatistics: Sendable {
  let ingest = IngestFigures()
  let rollup = RollupFigures()
  let pulses = Pulses()
  /// Times that all clients were given up and made anew.
  let restarts = Counter()
  let sourcePartitions = Gauge()
  let shards = Gauge()
  /// What the lanes of the present session know themselves.
  private let session = Mutex<(sources: Sources, lanes: [KafkaLane])?>(nil)

  public init() {}

  /// A session has begun: its lanes and partitions are looked at when somebody asks.
  func attach(_ sources: Sources, _ lanes: [KafkaLane]) { session.withLock { $0 = (sources, lanes) } }

  /// The session has ended.
  func detach() {
    session.withLock { $0 = nil }
    ingest.detach()
    rollup.detach()
  }

  func aborted(_ role: ConsumerRole, _ cause: AbortCause) {
    let figures: RoleFigures = role == .ingest ? ingest : rollup
    figures.aborts[AbortCause.allCases.firstIndex(of: cause)!].add()
  }

  /// Why the daemon does not publish, one sentence; `nil` where its groups have assigned what is its share, that is
  /// restored, and commits go through.
  public var obstacle: String? { obstacle(now: SteadyClock.milliseconds()) }

  func obstacle(now: Int64) -> String? {
    ingest.progress.obstacle(.ingest, now: now) ?? rollup.progress.obstacle(.rollup, now: now)
  }

  /// The threads that have stood still for too long, one sentence; `nil` where all go on. Waiting for brokers is no
  /// standing still.
  public var stall: String? {
    let stalled = pulses.stalled().map { "thread \($0.name) has stood still for \($0.seconds) s" }
    return stalled.isEmpty ? nil : stalled.joined(separator: ", ")
  }

  /// The figures now.
  public var snapshot: Snapshot {
    var figures = Snapshot()
    ingest.read(into: &figures)
    rollup.read(into: &figures)
    figures.restarts = restarts.value
    figures.sourcePartitions = Int(sourcePartitions.value)
    figures.shards = Int(shards.value)
    if let (sources, lanes) = session.withLock({ $0 }) { Self.read(sources, lanes, into: &figures) }
    return figures
  }

  private static func read(_ sources: Sources, _ lanes: [KafkaLane], into figures: inout Snapshot) {
    figures.areBrokersReachable = sources.areReachable.load(ordering: .relaxed)
    for lane in lanes {
      figures.openPanes += lane.openPanes.load(ordering: .relaxed)
      figures.laneBytes += lane.stateBytes.load(ordering: .relaxed)
      figures.ringDepths.append(lane.outbox.depth)
    }
    for (partition, number) in zip(sources.partitions, sources.numbers) {
      let progress = sources.progress(of: number)
      let newest = progress.newest.load(ordering: .relaxed)
      if newest != .min { figures.newest = max(figures.newest ?? newest, newest) }
      guard progress.isOwned.load(ordering: .relaxed) else { continue }
      let high = progress.highOffset.load(ordering: .relaxed)
      let watermark = progress.watermark.load(ordering: .relaxed)
      figures.partitions.append(
        Snapshot.Partition(
          partition: partition,
          lag: high < 0 ? nil : max(0, high - progress.nextOffset.load(ordering: .relaxed)),
          watermark: watermark == .min ? nil : watermark, isIdle: progress.isIdle.load(ordering: .relaxed)))
    }
  }
}

/// What both sides say: those who count and those who roll up.
class RoleFigures: @unchecked Sendable {
  let progress = Progress()
  let rebalances = Counter()
  let clientErrors = Counter()
  let restored = Counter()
  let restoreMilliseconds = Counter()
  fileprivate let aborts = Counters(AbortCause.allCases.count)
  fileprivate let commits = DurationHistogram(bounds: DurationHistogram.commitBounds)
  fileprivate let isSaturated = Gauge()
  private let role: ConsumerRole

  fileprivate init(_ role: ConsumerRole) { self.role = role }

  /// The session has ended.
  fileprivate func detach() {
    progress.enter(.starting)
    progress.settles()
  }

  fileprivate func read(into figures: inout Snapshot) {
    figures.commits[role] = commits.durations
    figures.aborts[role] = Snapshot.byCause(aborts)
    figures.rebalances[role] = rebalances.value
    figures.clientErrors[role] = clientErrors.value
    figures.restoreMilliseconds[role] = restoreMilliseconds.value
    figures.isSaturated = figures.isSaturated || isSaturated.value != 0
  }
}

/// What the committer and whoever serves the ingest group say.
final class IngestFigures: RoleFigures, @unchecked Sendable {
  private let counted = Counters(EventType.allCases.count)
  private let duplicates = Counters(EventType.allCases.count)
  private let tooLate = Counters(EventType.allCases.count)
  private let rejected = Counters(RejectReason.allCases.count)
  private let bytes = Counter()
  private let rejectRecords = Counter()
  private let partialBytes = FollowingCounter()
  private let checkpointBytes = FollowingCounter()
  private let hasOverflow = Gauge()

  init() { super.init(.ingest) }

  func committed(_ handOvers: [HandOver], milliseconds: Int64, _ committer: IngestCommitter) {
    commits.observe(milliseconds: milliseconds)
    partialBytes.follow(committer.partialBytes)
    checkpointBytes.follow(committer.checkpointBytes)
    for handOver in handOvers {
      counted.add(handOver.counts.accepted)
      duplicates.add(handOver.counts.duplicates)
      tooLate.add(handOver.counts.tooLate)
      rejected.add(handOver.counts.rejected)
      bytes.add(handOver.counts.bytes)
      rejectRecords.add(UInt64(handOver.rejects.count))
      if handOver.hasOverflow { hasOverflow.set(1) }
      if handOver.isSaturated { isSaturated.set(1) }
    }
  }

  fileprivate override func detach() {
    super.detach()
    for counter in [partialBytes, checkpointBytes] { counter.forgetOwner() }
  }

  fileprivate override func read(into figures: inout Snapshot) {
    super.read(into: &figures)
    figures.counts.accepted = counted.values
    figures.counts.duplicates = duplicates.values
    figures.counts.tooLate = tooLate.values
    figures.counts.rejected = rejected.values
    figures.counts.bytes = bytes.value
    figures.rejectRecords = rejectRecords.value
    figures.partialBytes = partialBytes.value
    figures.checkpointBytes = checkpointBytes.value
    figures.restoredPartitions = restored.value
    figures.hasOverflow = hasOverflow.value != 0
  }
}

/// What the rollups say.
final class RollupFigures: RoleFigures, @unchecked Sendable {
  let assignedShards = Gauge()
  private let records = Counters(Snapshot.topicCount)
  private let bytes = Counter()
  private let changelogBytes = FollowingCounter()
  private let keys = Gauge()
  private let droppedPartials = FollowingCounter()
  private let latencies = DurationHistogram(bounds: DurationHistogram.latencyBounds)

  init() { super.init(.rollup) }

  func published(_ buffer: RecordBuffer) {
    var counts = [UInt64](repeating: 0, count: Snapshot.topicCount)
    buffer.visit { topic, _, _ in counts[Int(topic.rawValue)] += 1 }
    records.add(counts)
    bytes.add(UInt64(buffer.byteCount))
  }

  func committed(milliseconds: Int64, _ committer: RollupCommitter) {
    commits.observe(milliseconds: milliseconds)
    changelogBytes.follow(committer.changelogBytes)
    keys.set(committer.keyCount)
    if committer.isSaturated { isSaturated.set(1) }
    droppedPartials.follow(UInt64(committer.droppedPartials))
  }

  /// What came with these records is on the wall at `now`, ms since the epoch.
  func shown(_ arrivals: [Arrival], now: Int64) {
    for one in arrivals { latencies.observe(from: now - one.newest, to: now - one.oldest, count: UInt64(one.count)) }
  }

  fileprivate override func detach() {
    super.detach()
    assignedShards.set(0)
    keys.set(0)
    for counter in [changelogBytes, droppedPartials] { counter.forgetOwner() }
  }

  fileprivate override func read(into figures: inout Snapshot) {
    super.read(into: &figures)
    figures.published = records.values
    figures.publishedBytes = bytes.value
    figures.changelogBytes = changelogBytes.value
    figures.keys = Int(keys.value)
    figures.droppedPartials = droppedPartials.value
    figures.latencies = latencies.durations
    figures.restoredShards = restored.value
    figures.assignedShards = Int(assignedShards.value)
  }
}
