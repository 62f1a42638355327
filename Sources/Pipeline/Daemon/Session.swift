import Foundation
import Kafka
import Logging
import Synchronization
import WindowEngine

/// One set of Kafka clients and the threads around them, from joining the groups to leaving them.
///
/// This thread serves the ingest group's consumer: it takes partitions over, restores them, and gives them up.
final class Session {
  private static let pollMilliseconds = 100
  /// How often it is looked whether a source topic has got more partitions, ms: well within the allowed lateness.
  private static let lookMilliseconds: Int64 = 10_000
  private static let lookTimeoutMilliseconds = 1_000
  /// How long an orderly end may take to leave the group; supervisors kill what takes long.
  static let leaveSeconds = 8
  /// How long the goodbye to a group is waited for.
  static let closeMilliseconds = 3_000

  private let configuration: Configuration
  private let setup: EngineSetup
  private let clients: ClientSettings
  private let prepared: TopicLayout.Prepared
  private let membership: Daemon.Membership
  private let claim: InstanceClaim
  private let claims: Bool
  private let observers: [any RecordObserver]
  private let statistics: DaemonStatistics
  private let logger: Logger
  private let isStopping: @Sendable () -> Bool
  private let sources: Sources
  private let failure = FirstFailure()
  /// Whether this process has said that it holds the instance's name.
  private(set) var hasClaimed = false
  private var lanes: [KafkaLane] = []
  private var committer: CommitterThread!
  private var store: StateStore!
  private var committedLog: KafkaCommittedLog!
  private var owners: [TopicPartition: Int] = [:]
  private var hasJoined = false
  private let pulse: Pulse

  init(
    configuration: Configuration, setup: EngineSetup, clients: ClientSettings, prepared: TopicLayout.Prepared,
    membership: Daemon.Membership, claim: InstanceClaim, claims: Bool, observers: [any RecordObserver],
    statistics: DaemonStatistics, logger: Logger, isStopping: @escaping @Sendable () -> Bool
  ) {
    self.configuration = configuration
    self.setup = setup
    self.clients = clients
    self.prepared = prepared
    self.membership = membership
    self.claim = claim
    self.claims = claims
    self.observers = observers
    self.statistics = statistics
    self.logger = logger
    self.isStopping = isStopping
    sources = Sources(prepared.sources)
    pulse = statistics.pulses.begin("session")
  }

  /// Runs until it is to stop, or something fails. A ``TransactionFailure`` asks for a new session.
  func run() throws {
    let failure = failure
    let failed: @Sendable (any Error) -> Void = { failure.note($0) }
    let isStopping = isStopping
    let isRunning: @Sendable () -> Bool = { !isStopping() && failure.first == nil }
    let pulses = statistics.pulses
    let pulse = pulse
    // Whoever waits for brokers asks again and again whether it may.
    let mayGoOn: @Sendable () -> Bool = {
      pulse.beat()
      return isRunning()
    }
    defer {
      statistics.detach()
      pulses.endAll()
    }
    statistics.ingest.progress.enter(.joining)
    let consumer = try Consumer(
      properties: try clients.consuming(.ingest, partitions: prepared.sources.count), logger: logger)
    defer { consumer.close(timeoutMilliseconds: Self.closeMilliseconds) }
    committedLog = try KafkaCommittedLog(
      consumer: consumer, properties: clients.reading, logger: logger, mayGoOn: mayGoOn)
    store = StateStore(plan: setup.plan, topic: prepared.state, log: committedLog)
    if !claims { try claim.check(committedLog) }
    let log = try KafkaTransactionalLog(
      id: clients.transactionalID(.ingest), properties: try clients.producing, logger: logger, mayGoOn: mayGoOn
    ) { () throws(KafkaError) in try consumer.groupMetadata() }
    if claims { try claim.write(log) }
    hasClaimed = true
    let committerPulse = pulses.begin("committer")
    log.mayGoOn = {
      committerPulse.beat()
      return isRunning()
    }

    let cores = ProcessInfo.processInfo.activeProcessorCount
    let laneCount = min(
      configuration.lanes > 0 ? configuration.lanes : max(1, cores - 1), max(1, prepared.sources.count))
    lanes = (0..<laneCount).map {
      KafkaLane(plan: setup.plan, sources: sources, pulse: pulses.begin("lane-\($0)"), failed: failed)
    }
    statistics.attach(sources, lanes)
    committer = CommitterThread(
      inboxes: lanes.map(\.outbox),
      committer: IngestCommitter(plan: setup.plan, topic: prepared.state, sources: sources, log: log),
      statistics: statistics, pulse: committerPulse, logger: logger, failed: failed)
    let rollup = RollupThread(
      RollupThread.Setup(
        plan: setup.plan, topic: prepared.state, sources: prepared.sources.count,
        consumerProperties: try clients.consuming(.rollup, partitions: configuration.shards),
        readerProperties: clients.reading, producerProperties: try clients.producing,
        maxKeptBytes: clients.keptBytes, transactionalID: clients.transactionalID(.rollup),
        isAlone: membership == .alone),
      statistics: statistics, observers: observers, logger: logger, failed: failed)
    let follower = FrontierFollower(
      plan: setup.plan, sources: sources, partition: TopicPartition(configuration.topics.partials, 0),
      properties: clients.reading, pulses: pulses, logger: logger, failed: failed)
    let topics = [configuration.topics.purchases, configuration.topics.viewers]
    if membership == .group { try consumer.subscribe(to: topics) }
    logger.info(
      """
      reading \(topics.joined(separator: ", ")) with \(prepared.sources.count) partitions on \(laneCount) lanes as \
      instance \(clients.instance)
      """)
    committer.start()
    rollup.start()
    if membership == .group { follower.start() }
    for (i, lane) in lanes.enumerated() { lane.start(name: "lane-\(i)") }

    let serving = Result { try serve(consumer) }
    let hasFailed = failure.first != nil || (try? serving.get()) == nil
    rollup.stop()
    if membership == .group { follower.stop() }
    for lane in lanes { lane.stop(drops: hasFailed) }
    committer.join()
    if membership == .group { leave(consumer) }
    rollup.join()
    if let first = failure.first {
      if first is TransactionFailure {
        let log = try KafkaCommittedLog(
          consumer: consumer, properties: clients.reading, logger: logger, mayGoOn: { !isStopping() })
        try claim.check(log)
      }
      throw first
    }
    try serving.get()
  }

  /// Serves the consumer's main queue: assignments, errors and figures.
  private func serve(_ consumer: Consumer) throws {
    if membership == .alone { try take(prepared.sources, from: consumer) }
    let admin = try Admin(properties: clients.reading, logger: logger)
    var nextLook = SteadyClock.milliseconds() + Self.lookMilliseconds
    while !isStopping() && failure.first == nil {
      if areLanesStuck {
        // Not polling gives the partitions to others after max.poll.interval.ms.
        usleep(UInt32(Self.pollMilliseconds) * 1000)
        continue
      }
      pulse.beat()
      switch consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) {
      case .assigned(let partitions):
        hasJoined = true
        try take(partitions, from: consumer)
        statistics.ingest.rebalances.add()
      case .revoked(let partitions, let lost): try giveUp(partitions, lost: lost, consumer)
      case .error(let error):
        statistics.ingest.clientErrors.add()
        if error.kind == .fatal || error.kind == .fenced { throw TransactionFailure.finished("\(error)") }
        if error.kind == .unknownTopic { throw error }
        logger.warning("\(error)")
      case .statistics(let figures): note(figures)
      case .offsetsCommitted, nil: break
      }
      if SteadyClock.milliseconds() >= nextLook {
        nextLook = SteadyClock.milliseconds() + Self.lookMilliseconds
        try lookForPartitions(admin)
      }
    }
  }

  /// Throws ``PartitionsChanged`` if a source topic has got more partitions: windows must wait for them as well.
  private func lookForPartitions(_ admin: Admin) throws {
    let topics = [configuration.topics.purchases, configuration.topics.viewers]
    guard let cluster = try? admin.metadata(of: topics, timeoutMilliseconds: Self.lookTimeoutMilliseconds) else {
      return
    }
    for (topic, count) in cluster.partitionCounts {
      let last = TopicPartition(topic, Int32(count) - 1)
      if sources.number(of: last) == nil { throw PartitionsChanged(partition: last) }
    }
  }

  private var areLanesStuck: Bool {
    let now = SteadyClock.milliseconds()
    return lanes.contains { now - $0.lastRound.load(ordering: .relaxed) > clients.longestRound }
  }

  // MARK: Partitions

  /// Takes partitions over, each from where its last owner's commit left off, and gives each to a lane.
  private func take(_ partitions: [TopicPartition], from consumer: Consumer) throws {
    let began = SteadyClock.milliseconds()
    statistics.ingest.progress.enter(.restoring)
    var restored = 0
    var owned: [OwnedSource] = []
    let committed = try committedLog.committed(partitions)
    for partition in partitions {
      guard sources.number(of: partition) != nil else { throw PartitionsChanged(partition: partition) }
      var state: StateStore.Lane?
      switch try store.lane(partition, committed: committed[partition]) {
      case .state(let found):
        state = found
        restored += 1
      case .nothing(true):
        logger.warning("\(partition): the stored state is of other windows or groups; it is read from its beginning")
      case .nothing(false): break
      }
      let source = try OwnedSource(
        partition, setup: setup, sources: sources, shards: configuration.shards,
        keepsDuplicates: configuration.rejects.duplicates, generation: .random(in: .min ... .max), restored: state,
        now: SteadyClock.milliseconds())
      owned.append(source)
      committer.own(source.source, generation: source.generation, restored: state)
    }
    let queues = try consumer.assign(
      owned.map { ($0.partition, $0.isRestored ? .offset($0.nextOffset) : .beginning) })
    for (source, queue) in zip(owned, queues) {
      let lane = source.source % lanes.count
      owners[source.partition] = lane
      lanes[lane].add(queue, source)
    }
    logger.info("assigned \(partitions.count) partitions\(Self.names(partitions))")
    if restored > 0 {
      let took = SteadyClock.milliseconds() - began
      statistics.ingest.restored.add(UInt64(restored))
      statistics.ingest.restoreMilliseconds.add(UInt64(max(0, took)))
      logger.info("restored \(restored) partitions in \(took) ms")
    }
    statistics.ingest.progress.enter(.working)
  }

  /// Gives partitions up: stop the lanes, commit unless others may have them already, then acknowledge.
  private func giveUp(_ partitions: [TopicPartition], lost: Bool, _ consumer: Consumer) throws {
    for (lane, group) in Dictionary(grouping: partitions.filter { owners[$0] != nil }, by: { owners[$0]! }) {
      lanes[lane].remove(Set(group), handsOver: !lost, waiter: pulse)
    }
    committer.release(partitions.compactMap(sources.number), commits: !lost, waiter: pulse)
    for partition in partitions { owners[partition] = nil }
    try consumer.unassign(partitions)
    logger.info(
      "gave up \(partitions.count) partitions\(Self.names(partitions))\(lost ? ", which the group had given to others" : "")"
    )
    statistics.ingest.rebalances.add()
  }

  /// Leaves the group in an orderly way, so that others need not wait until this member is missed.
  private func leave(_ consumer: Consumer) {
    let deadline = ContinuousClock.now + .seconds(Self.leaveSeconds)
    // librdkafka before 2.1 fails an assertion when it is destroyed while the group is being joined.
    while !hasJoined, ContinuousClock.now < deadline {
      if case .assigned(let partitions) = consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) {
        hasJoined = (try? consumer.assign(partitions.map { ($0, .end) })) != nil
      }
    }
    guard hasJoined, (try? consumer.unsubscribe()) != nil, !owners.isEmpty else { return }
    while ContinuousClock.now < deadline {
      if case .revoked(let partitions, _) = consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) {
        try? consumer.unassign(partitions)
        return
      }
    }
  }

  /// The partitions' names, where they are few enough for a line.
  private static func names(_ partitions: [TopicPartition]) -> String {
    partitions.isEmpty || partitions.count > 16 ? "" : ": " + partitions.map(\.description).joined(separator: ", ")
  }

  // MARK: Figures

  /// Notes where the partitions end: the lag is counted from what has been read, librdkafka's own figure counts from
  /// committed offsets.
  private func note(_ figures: Kafka.Statistics) {
    // A broker that leads nothing is never connected to and stays in INIT.
    let known = figures.brokers.filter { !$0.name.hasSuffix("/bootstrap") && $0.name != "GroupCoordinator" }
    sources.areReachable.store(known.allSatisfy { ["UP", "INIT"].contains($0.state) }, ordering: .releasing)
    for partition in figures.partitions where owners[partition.partition] != nil {
      guard let high = partition.highOffset, let source = sources.number(of: partition.partition) else { continue }
      sources.progress(of: source).highOffset.store(high, ordering: .relaxed)
    }
  }
}

/// The first thing that went wrong in any thread.
final class FirstFailure: Sendable {
  private let error = Mutex<(any Error)?>(nil)

  var first: (any Error)? { error.withLock { $0 } }
  func note(_ new: any Error) { error.withLock { $0 = $0 ?? new } }
}
