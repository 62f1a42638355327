import Foundation
import Kafka
import Logging
import Synchronization
import WindowEngine

/// The daemon: reads the source topics, counts, and publishes metrics until it is stopped.
///
/// State is in memory. A start reads the source topics from their beginning, which gives the same final records as if
/// it had never stopped; one instance does all the work.
public final class Daemon: @unchecked Sendable {
  private static let pollMilliseconds = 100
  private static let statisticsMilliseconds = 1000
  /// How long an orderly end may take to leave the group.
  private static let leaveSeconds = 10
  /// How much of `limits.memory` the consumer's queues may take.
  private static let queueShare: Int64 = 4

  /// How the source partitions come to this instance.
  public enum Membership: Sendable {
    /// By the consumer group `<group.id>-ingest`.
    case group
    /// All of them at once, for a broker of its own, where no group has to be waited for.
    case alone
  }

  private let configuration: Configuration
  private let membership: Membership
  private let setup: EngineSetup
  private let observers: [any RecordObserver]
  private let logger: Logger
  private let properties: ClientProperties
  /// What the engine says about itself.
  public let statistics = DaemonStatistics()
  private let isStopping = Atomic<Bool>(false)
  private let firstError = Mutex<(any Error)?>(nil)

  /// Checks the client properties. Throws ``InvalidPropertiesError``.
  public init(
    configuration: Configuration, membership: Membership = .group, observers: [any RecordObserver] = [], logger: Logger
  ) throws {
    self.configuration = configuration
    self.membership = membership
    self.observers = observers
    self.logger = logger
    setup = EngineSetup(configuration)
    properties = try ClientProperties(configuration.kafka)
  }

  /// Ends ``run()`` after the commit in flight has been published. Any thread, also a signal's.
  public func stop() { isStopping.store(true, ordering: .releasing) }

  /// Runs until ``stop()``. Throws ``KafkaError``, ``TopicError`` or ``StateError``.
  public func run() throws {
    let layout = TopicLayout(configuration)
    let partitions = try prepareTopics(layout)
    let sources = Sources(partitions)
    statistics.update { $0.sourcePartitions = partitions.count }
    let failed: @Sendable (any Error) -> Void = { [self] error in
      firstError.withLock { $0 = $0 ?? error }
      stop()
    }
    let writing = try writingProperties()
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let laneCount = min(configuration.lanes > 0 ? configuration.lanes : max(1, cores - 1), partitions.count)
    let rollupCount = max(1, min(configuration.shards, cores / 2))
    let owners = (0..<configuration.shards).map { $0 % rollupCount }
    let sinks = try (0..<rollupCount).map { _ in
      try KafkaSink(
        properties: writing, topics: configuration.topics, observers: observers, statistics: statistics, logger: logger)
    }
    let rollups = (0..<rollupCount).map { rollup in
      RollupStage(
        shards: Dictionary(
          uniqueKeysWithValues: owners.indices.filter { owners[$0] == rollup }.map {
            ($0, RollupShard(plan: setup.plan, mode: .continuous, sources: partitions.count))
          }),
        sink: sinks[rollup], clock: SteadyClock.milliseconds, failed: failed)
    }
    let rejects = try RejectTopic(
      properties: writing, topic: configuration.topics.rejects, sources: sources, logger: logger)
    let lanes = (0..<laneCount).map { _ in
      KafkaLane(
        setup: setup, sources: sources, shards: configuration.shards,
        keepsDuplicates: configuration.rejects.duplicates, failed: failed)
    }
    let committer = Committer(
      inboxes: lanes.map(\.outbox), rollups: rollups, owners: owners,
      committed: { [statistics] handOvers in
        statistics.committed(handOvers)
        for handOver in handOvers { try rejects.write(handOver.rejects) }
      }, failed: failed)
    let consumer = try Consumer(properties: try ingestProperties(partitions.count), logger: logger)
    if membership == .group { try consumer.subscribe(to: layout.sources) }
    logger.info(
      "reading \(layout.sources.joined(separator: ", ")) with \(partitions.count) partitions on \(laneCount) lanes")

    committer.start()
    for (i, rollup) in rollups.enumerated() { rollup.start(name: "rollup-\(i)") }
    for (i, lane) in lanes.enumerated() { lane.start(name: "lane-\(i)") }
    let serving = Result { try serve(consumer, lanes: lanes, rollups: rollups, sources: sources) }
    // What is not published yet is read again at the next start.
    for rollup in rollups { rollup.finishSoon() }
    for lane in lanes { lane.stop() }
    leave(consumer)
    committer.join()
    for rollup in rollups { rollup.join() }
    consumer.close(timeoutMilliseconds: 5000)
    if let error = firstError.withLock({ $0 }) { throw error }
    try serving.get()
    for sink in sinks { try sink.finish() }
    try rejects.finish()
  }

  private func prepareTopics(_ layout: TopicLayout) throws -> [TopicPartition] {
    let admin = try Admin(properties: try properties.removing(["group.id"]), logger: logger)
    return try layout.prepare(admin)
  }

  /// The producers' properties.
  private func writingProperties() throws -> ClientProperties {
    var values: [String: String] = [:]
    // A reject is as large as the record it was; the brokers' own limits decide.
    if properties["message.max.bytes"] == nil { values["message.max.bytes"] = String(TopicLayout.maxRecordBytes) }
    if properties["queue.buffering.max.kbytes"] == nil {
      let share = configuration.limits.memoryBytes / Self.queueShare / Int64(2 * configuration.shards) / 1024
      values["queue.buffering.max.kbytes"] = String(max(32_768, min(1_048_576, share)))
    }
    return try properties.removing(["group.id"]).setting(values)
  }

  /// The consumer's properties: what the operator has set, and what the design asks for.
  private func ingestProperties(_ partitions: Int) throws -> ClientProperties {
    var values = [
      "group.id": configuration.groupID + "-ingest",
      "partition.assignment.strategy": "cooperative-sticky",
      // A killed instance is missed after 6 s, the least that brokers allow by default, not after 45 s.
      "session.timeout.ms": properties["session.timeout.ms"] ?? "6000",
      "heartbeat.interval.ms": properties["heartbeat.interval.ms"] ?? "2000",
      "statistics.interval.ms": String(Self.statisticsMilliseconds),
    ]
    if properties["queued.max.messages.kbytes"] == nil {
      let perPartition = configuration.limits.memoryBytes / Self.queueShare / Int64(max(1, partitions)) / 1024
      values["queued.max.messages.kbytes"] = String(max(1024, min(65_536, perPartition)))
    }
    return try properties.setting(values)
  }

  /// Serves the consumer's main queue: assignments, errors and figures.
  private func serve(_ consumer: Consumer, lanes: [KafkaLane], rollups: [RollupStage], sources: Sources) throws {
    var owners: [TopicPartition: Int] = [:]
    if membership == .alone { try take(sources.partitions, from: consumer, lanes: lanes, sources: sources, &owners) }
    while !isStopping.load(ordering: .acquiring) {
      switch consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) {
      case .assigned(let partitions):
        try take(partitions, from: consumer, lanes: lanes, sources: sources, &owners)
      case .revoked(let partitions, _):
        for (lane, group) in Dictionary(grouping: partitions, by: { owners[$0] ?? 0 }) {
          lanes[lane].remove(Set(group))
        }
        for partition in partitions { owners[partition] = nil }
        try consumer.unassign(partitions)
        logger.warning(
          "gave up \(partitions.count) partitions: another member joined the group \(configuration.groupID)")
      case .error(let error):
        statistics.update { $0.clientErrors += 1 }
        if error.kind == .fatal || error.kind == .fenced || error.kind == .unknownTopic { throw error }
        logger.warning("\(error)")
      case .statistics(let figures): note(figures, sources: sources)
      case .offsetsCommitted, nil: break
      }
      let assigned = owners.count
      statistics.update {
        if $0.assignedPartitions != assigned { $0.rebalances += 1 }
        $0.assignedPartitions = assigned
        $0.openPanes = lanes.reduce(0) { $0 + $1.openPanes.load(ordering: .relaxed) }
        $0.laneBytes = lanes.reduce(0) { $0 + $1.stateBytes.load(ordering: .relaxed) }
        $0.isSaturated = $0.isSaturated || rollups.contains(where: \.isSaturated)
        $0.ringDepth = lanes.reduce(0) { $0 + $1.outbox.depth }
        for (source, partition) in sources.partitions.enumerated() {
          let progress = sources.progress(of: source)
          let watermark = progress.watermark.load(ordering: .relaxed)
          if watermark != .min { $0.watermarks[partition] = watermark }
          let newest = progress.newest.load(ordering: .relaxed)
          if newest != .min { $0.newest = max($0.newest ?? newest, newest) }
        }
      }
    }
  }

  /// Takes partitions over, each from its beginning, and gives each to a lane.
  private func take(
    _ partitions: [TopicPartition], from consumer: Consumer, lanes: [KafkaLane], sources: Sources,
    _ owners: inout [TopicPartition: Int]
  ) throws {
    for queue in try consumer.assign(partitions.map { ($0, .beginning) }) {
      guard let source = sources.number(of: queue.partition) else {
        throw PartitionsChanged(partition: queue.partition)
      }
      let lane = source % lanes.count
      owners[queue.partition] = lane
      lanes[lane].add(queue, source: source)
    }
    logger.info("assigned \(partitions.count) partitions")
  }

  /// Leaves the group in an orderly way, so that the next start need not wait until this member is missed.
  private func leave(_ consumer: Consumer) {
    if membership == .alone { return }
    let deadline = ContinuousClock.now + .seconds(Self.leaveSeconds)
    // librdkafka before 2.1 fails an assertion when it is destroyed while the group is being joined.
    var hasJoined = statistics.snapshot.rebalances > 0
    while !hasJoined, ContinuousClock.now < deadline {
      if case .assigned(let partitions) = consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) {
        _ = try? consumer.assign(partitions.map { ($0, .end) })
        hasJoined = !partitions.isEmpty
      }
    }
    guard hasJoined, (try? consumer.unsubscribe()) != nil else { return }
    while ContinuousClock.now < deadline {
      if case .revoked(let partitions, _) = consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) {
        try? consumer.unassign(partitions)
        return
      }
    }
  }

  /// Notes the lag: librdkafka's own figure counts from committed offsets, of which there are none.
  private func note(_ figures: Kafka.Statistics, sources: Sources) {
    // A broker that leads nothing is never connected to and stays in INIT.
    let known = figures.brokers.filter { !$0.name.hasSuffix("/bootstrap") && $0.name != "GroupCoordinator" }
    sources.areReachable.store(known.allSatisfy { ["UP", "INIT"].contains($0.state) }, ordering: .releasing)
    statistics.update {
      for partition in figures.partitions {
        guard let high = partition.highOffset, let source = sources.number(of: partition.partition) else { continue }
        let next = sources.progress(of: source).nextOffset.load(ordering: .relaxed)
        $0.lag[partition.partition] = max(0, high - next)
      }
    }
  }
}

/// A source topic has got more partitions while the daemon was running.
public struct PartitionsChanged: Error, CustomStringConvertible {
  public let partition: TopicPartition

  public var description: String { "\(partition) is new since the start: restart Livetally to read it" }
}

/// A clock that nobody sets: the stages only take differences.
enum SteadyClock {
  /// Milliseconds since the machine was started.
  @Sendable static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension ClientProperties {
  /// The same properties without some.
  func removing(_ names: Set<String>) throws(InvalidPropertiesError) -> ClientProperties {
    try ClientProperties(values.filter { !names.contains($0.key) })
  }
}
