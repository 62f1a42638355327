import Foundation
import Kafka
import Logging
import Synchronization
import WindowEngine

/// The thread of a ``RollupCommitter``: a member of the rollup group that reads the partials of its shards.
final class RollupThread: @unchecked Sendable {
  /// How long nothing may be published while live windows fade or the emit interval runs, ms.
  private static let tickMilliseconds: Int64 = 200
  /// Partials that go into one transaction at most, bytes: more would make it longer than it is delayed.
  private static let maxCommitBytes = 16 << 20
  /// The least to which that is halved when transactions come to last too long.
  private static let minCommitBytes = 256 << 10
  private static let batchRecords = 64
  private static let retryMicroseconds: UInt32 = 50_000

  /// What the thread needs to begin.
  struct Setup {
    let plan: EnginePlan
    let topic: StateTopic
    let sources: Int
    let consumerProperties: ClientProperties
    let readerProperties: ClientProperties
    let producerProperties: ClientProperties
    let maxKeptBytes: Int
    let transactionalID: String
    let isAlone: Bool
  }

  private let setup: Setup
  private let statistics: DaemonStatistics
  private let observers: [any RecordObserver]
  private let logger: Logger
  private let failed: @Sendable (any Error) -> Void
  private let isStopping = Atomic<Bool>(false)
  private let wakeup = Wakeup()
  private var worker: Worker?

  private var committer: RollupCommitter!
  private var store: StateStore!
  private var committedLog: KafkaCommittedLog!
  private var consumer: Consumer!
  private var queues: [Int: PartitionQueue] = [:]
  private var hasJoined = false
  private var commitBytes = RollupThread.maxCommitBytes
  private let pulse: Pulse
  /// When the events came that the next commit shows, by shard.
  private var arrivals: [Int: [Arrival]] = [:]
  /// Which shard is read first; each in turn, so that one with a backlog does not hold up the others.
  private var firstShard = 0

  init(
    _ setup: Setup, statistics: DaemonStatistics, observers: [any RecordObserver], logger: Logger,
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.setup = setup
    self.statistics = statistics
    self.observers = observers
    self.logger = logger
    self.failed = failed
    pulse = statistics.pulses.begin("rollup")
  }

  func start() {
    worker = Worker(name: "rollup") { [self] in
      defer { pulse.end() }
      do {
        try open()
        try run()
      } catch {
        failed(error)
      }
      close()
    }
  }

  func stop() {
    isStopping.store(true, ordering: .releasing)
    wakeup.signal()
  }

  func join() { worker?.join() }

  private func mayGoOn() -> Bool {
    pulse.beat()
    return !isStopping.load(ordering: .acquiring)
  }

  private func open() throws {
    statistics.rollup.progress.enter(.joining)
    let consumer = try Consumer(properties: setup.consumerProperties, logger: logger)
    self.consumer = consumer
    committedLog = try KafkaCommittedLog(
      consumer: consumer, properties: setup.readerProperties, logger: logger, mayGoOn: mayGoOn)
    store = StateStore(plan: setup.plan, topic: setup.topic, log: committedLog)
    let log = try KafkaTransactionalLog(
      id: setup.transactionalID, properties: setup.producerProperties, logger: logger, mayGoOn: mayGoOn
    ) { () throws(KafkaError) in try consumer.groupMetadata() }
    committer = RollupCommitter(
      plan: setup.plan, topic: setup.topic, sources: setup.sources, log: log,
      maxKeptBytes: setup.maxKeptBytes)
    committer.published = { [statistics, observers] records in
      statistics.rollup.published(records)
      if observers.isEmpty { return }
      records.visit { topic, key, value in
        for observer in observers { observer.observe(topic, key: key, value: value) }
      }
    }
    if setup.isAlone {
      try take(Array(0..<setup.topic.shards))
    } else {
      try consumer.subscribe(to: [setup.topic.topics.partials])
    }
  }

  private func run() throws {
    var batch = MessageBatch(capacity: Self.batchRecords)
    defer { batch.reset() }
    var lastTick: Int64 = 0
    while mayGoOn() {
      try serve()
      var taken = 0
      if !committer.mustRetry {
        let shards = queues.keys.sorted()
        firstShard += 1
        for i in shards.indices where taken < commitBytes {
          let shard = shards[(i + firstShard) % shards.count]
          taken += try read(shard, queues[shard]!, &batch)
        }
        batch.reset()
      }
      let now = SteadyClock.milliseconds()
      if taken > 0 || committer.mustRetry || now - lastTick >= Self.tickMilliseconds {
        lastTick = now
        try commit(now: now)
      }
      if taken == 0 { wakeup.wait(timeoutMilliseconds: Int(Self.tickMilliseconds / 2)) }
    }
  }

  /// Takes what is there of one shard; returns how many bytes.
  private func read(_ shard: Int, _ queue: PartitionQueue, _ batch: inout MessageBatch) throws -> Int {
    var taken = 0
    repeat {
      queue.consume(into: &batch)
      for i in 0..<batch.count {
        guard let value = batch[i].value else { continue }
        try committer.take(value, shard: shard, offset: batch[i].offset)
        taken += value.count
        let came = ArrivalHeader.decode(batch.headers(at: i))
        if !came.isEmpty { arrivals[shard, default: []] += came }
      }
      if let error = batch.error, error.kind == .offsetOutOfRange { throw error }
    } while batch.isFull && taken < commitBytes / max(1, queues.count)
    return taken
  }

  private func commit(now: Int64) throws {
    statistics.rollup.progress.tries(now: now)
    switch try committer.commit(now: now) {
    case .idle: statistics.rollup.progress.settles()
    case .committed:
      statistics.rollup.progress.settles()
      commitBytes = min(2 * commitBytes, Self.maxCommitBytes)
      statistics.rollup.committed(milliseconds: SteadyClock.milliseconds() - now, committer)
      for came in arrivals.values {
        statistics.rollup.shown(came, now: Int64(Date().timeIntervalSince1970 * 1000))
      }
      arrivals = [:]
    case .aborted(let cause, let text):
      statistics.aborted(.rollup, cause)
      logger.log(level: cause == .rebalance ? .info : .warning, "publishing was aborted and is tried again: \(text)")
      usleep(Self.retryMicroseconds)
    case .lost(let cause, let text):
      commitBytes = max(commitBytes / 2, Self.minCommitBytes)
      statistics.aborted(.rollup, cause)
      logger.warning("publishing was aborted, and its shards are restored: \(text)")
      try retake(Array(queues.keys))
    }
  }

  // MARK: The group

  private func serve() throws {
    while let event = consumer.poll(timeoutMilliseconds: 0) {
      switch event {
      case .assigned(let partitions):
        hasJoined = true
        try take(partitions.map { Int($0.partition) })
        statistics.rollup.rebalances.add()
        logger.info("assigned \(partitions.count) shards")
      case .revoked(let partitions, _):
        let ahead = committer.disown(partitions.map { Int($0.partition) })
        for partition in partitions {
          queues[Int(partition.partition)] = nil
          arrivals[Int(partition.partition)] = nil
        }
        statistics.rollup.rebalances.add()
        try consumer.unassign(partitions)
        if !partitions.isEmpty { logger.info("gave up \(partitions.count) shards") }
        try retake(ahead)
      case .error(let error):
        statistics.rollup.clientErrors.add()
        if error.kind == .fatal || error.kind == .fenced { throw TransactionFailure.finished("\(error)") }
        if error.kind == .unknownTopic { throw error }
        logger.warning("\(error)")
      case .statistics, .offsetsCommitted: break
      }
    }
    statistics.rollup.assignedShards.set(queues.count)
  }

  /// Restores shards and reads on from there.
  private func take(_ shards: [Int]) throws {
    let began = SteadyClock.milliseconds()
    statistics.rollup.progress.enter(.restoring)
    var starts: [(TopicPartition, StartOffset)] = []
    var restored = 0
    let allCommitted = try committedLog.committed(shards.map(partition))
    for shard in shards {
      let partition = partition(shard)
      let committed = allCommitted[partition]
      var state: StateStore.Shard?
      switch try store.shard(shard, committed: committed) {
      case .state(let found):
        state = found
        restored += 1
      case .nothing(true):
        logger.warning("\(partition): the stored state is of other windows or groups; it is computed anew")
      case .nothing(false): break
      }
      try committer.own(
        shard, generation: .random(in: .min ... .max), restored: state, start: committed?.offset ?? 0,
        now: SteadyClock.milliseconds()
      ) { from, to, body in
        var next = from
        let isDone = { next >= to }
        try committedLog.read(partition, from: from, isDone: isDone) { record in
          if record.offset < to { try body(record) }
          next = record.offset + 1
          return next < to
        }
      }
      starts.append((partition, committed.map { .offset($0.offset) } ?? .beginning))
      if !mayGoOn() { return }
    }
    for (shard, queue) in zip(shards, try consumer.assign(starts)) {
      queues[shard] = queue
      queue.signals(wakeup)
    }
    if restored > 0 {
      let took = SteadyClock.milliseconds() - began
      statistics.rollup.restored.add(UInt64(restored))
      statistics.rollup.restoreMilliseconds.add(UInt64(max(0, took)))
      logger.info("restored \(restored) shards with \(committer.keyCount) keys in \(took) ms")
    }
    statistics.rollup.progress.enter(.working)
  }

  /// Restores shards that are still assigned, since what was done with them was not committed.
  private func retake(_ shards: [Int]) throws {
    if shards.isEmpty { return }
    try consumer.unassign(shards.map(partition))
    for shard in shards {
      queues[shard] = nil
      arrivals[shard] = nil
    }
    try take(shards)
  }

  private func partition(_ shard: Int) -> TopicPartition {
    TopicPartition(setup.topic.topics.partials, Int32(shard))
  }

  /// Leaves the group in an orderly way, so that others need not wait until this member is missed.
  private func close() {
    guard let consumer else { return }
    let deadline = ContinuousClock.now + .seconds(Session.leaveSeconds)
    if !setup.isAlone {
      // librdkafka before 2.1 fails an assertion when it is destroyed while the group is being joined.
      while !hasJoined, ContinuousClock.now < deadline {
        if case .assigned(let partitions) = consumer.poll(timeoutMilliseconds: 100) {
          hasJoined = (try? consumer.assign(partitions.map { ($0, .end) })) != nil
        }
      }
      if (try? consumer.unsubscribe()) != nil && !queues.isEmpty {
        while ContinuousClock.now < deadline {
          if case .revoked(let partitions, _) = consumer.poll(timeoutMilliseconds: 100) {
            try? consumer.unassign(partitions)
            break
          }
        }
      }
    }
    queues = [:]
    consumer.close(timeoutMilliseconds: Session.closeMilliseconds)
    // They hold this thread's object in turn.
    committer = nil
    store = nil
    committedLog = nil
    self.consumer = nil
  }
}
