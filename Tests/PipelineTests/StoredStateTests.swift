import Kafka
import Logging
import Testing
import WindowEngine

@testable import Pipeline

/// What `check` finds out about stored state, from what the committers have really written.
@Suite struct StoredStateTests {
  static let start: Int64 = 1_592_308_800_000
  let configuration: Configuration
  let setup: EngineSetup
  let topic: StateTopic
  let log = PlainLog()
  let sources = [TopicPartition("purchases", 0), TopicPartition("viewers", 0), TopicPartition("viewers", 1)]

  init() {
    var configuration = Configuration.replayDefault
    configuration.shards = 2
    self.configuration = configuration
    setup = EngineSetup(configuration)
    topic = StateTopic(topics: configuration.topics, shards: 2, partitions: StateTopic.partitionCount(shards: 2))
  }

  /// Counts `events` of a source partition, a second apart, in as many commits.
  func count(_ events: Int, of partition: TopicPartition) throws {
    let all = Sources(sources)
    let source = try OwnedSource(
      partition, setup: setup, sources: all, shards: 2, keepsDuplicates: false, generation: 7, restored: nil, now: 0)
    let committer = IngestCommitter(plan: setup.plan, topic: topic, sources: all, log: log)
    committer.own(source.source, generation: 7, restored: nil)
    for i in 0..<events {
      let time = Self.start + Int64(i) * 1000
      let text = """
        {"type":"enter","session_id":"s","viewer_id":"v\(i)","ts":\(time)}
        """
      source.beginRecords()
      Array(text.utf8).withUnsafeBytes {
        _ = source.take($0, recordTimestamp: time, offset: Int64(i))
        source.endRecords(nextOffset: Int64(i) + 1, now: 0)
      }
      committer.take(try #require(source.handOver()))
      guard case .committed = try committer.commit() else {
        Issue.record("nothing was committed")
        return
      }
    }
  }

  /// The watermark after so many events: the newest less 5 s.
  func watermark(after events: Int) -> Int64 { Self.start + Int64(events - 1) * 1000 - 5000 }

  func commitShard(_ shard: Int, at offset: Int64) throws {
    let committer = RollupCommitter(plan: setup.plan, topic: topic, sources: sources.count, log: log)
    try committer.own(shard, generation: 9, restored: nil, start: 0, now: 0) { _, _, _ in }
    for i in 0..<offset {
      let frontier = Frontier(
        source: 0, watermark: Self.start, newest: Self.start, isIdle: false, isAtEnd: false, sourceOffset: i)
      try Frontier.encode([frontier], plan: setup.plan).withUnsafeBytes {
        try committer.take($0, shard: shard, offset: i)
      }
    }
    guard case .committed = try committer.commit(now: 0) else {
      Issue.record("nothing was committed")
      return
    }
  }

  func findings(for plan: EnginePlan? = nil) throws -> [TopicPartition: CheckpointFinding] {
    let store = StateStore(plan: plan ?? setup.plan, topic: topic, log: log)
    return try store.checkpoints(of: log.offsets.values.sorted { $0.partition < $1.partition })
  }

  @Test(arguments: [true, false])
  func eachCommittedOffsetLeadsToItsCheckpoint(keepsMetadata: Bool) throws {
    log.keepsMetadata = keepsMetadata
    for (i, source) in sources.enumerated() { try count(i + 2, of: source) }
    try commitShard(1, at: 3)
    let shard = TopicPartition(configuration.topics.partials, 1)
    #expect(
      try findings() == [
        sources[0]: .found(watermark: watermark(after: 2)), sources[1]: .found(watermark: watermark(after: 3)),
        sources[2]: .found(watermark: watermark(after: 4)), shard: .found(watermark: nil),
      ])
    #expect(log.waits == 0)
  }

  @Test func namedCheckpointsAreLookedUpAndNotSearchedFor() throws {
    try count(200, of: sources[0])
    try commitShard(0, at: 3)
    log.recordsRead = 0
    _ = try findings()
    #expect(log.recordsRead == 2)
  }

  @Test func anOlderCheckpointBelongsToAnOlderOffset() throws {
    log.keepsMetadata = false
    try count(5, of: sources[0])
    log.offsets[sources[0]]!.offset = 3
    #expect(try findings() == [sources[0]: .found(watermark: watermark(after: 3))])
  }

  @Test(arguments: [true, false])
  func stateOfOtherWindowsOrGroupsIsTold(keepsMetadata: Bool) throws {
    log.keepsMetadata = keepsMetadata
    try count(2, of: sources[0])
    try commitShard(1, at: 1)
    var other = configuration
    other.groups.removeLast()
    let found = try findings(for: EngineSetup(other).plan)
    #expect(found.count == 2)
    #expect(found.values.allSatisfy { $0 == .ofOtherPlan })
  }

  @Test(arguments: [true, false])
  func checkpointsThatAreNotThereAreWaitedForOnce(keepsMetadata: Bool) throws {
    log.keepsMetadata = keepsMetadata
    for source in sources { try count(2, of: source) }
    try commitShard(0, at: 1)
    log.records.removeAll()
    #expect(try findings() == [:])
    #expect(log.waits == 1)
  }

  @Test func whatLiesWhereAnotherCheckpointWasIsNotTakenForIt() throws {
    try count(2, of: sources[0])
    let place = topic.lanePieces(sources[0])
    log.records[place]!.removeFirst()
    log.records[place]!.append(log.records[place]![0])
    log.offsets[sources[0]]!.offset = 1
    #expect(try findings() == [:])
  }

  /// The embedded broker keeps the metadata of offsets that a consumer commits.
  @Test func theClusterIsLookedAtWithoutJoiningAGroup() throws {
    let broker = try EmbeddedBroker(logger: quiet)
    var configuration = configuration
    configuration.kafka = ["bootstrap.servers": broker.bootstrapServers, "group.id": "g"]
    let counts = [
      "purchases": 1, "viewers": 2, configuration.topics.partials: 2,
      configuration.topics.checkpoints: StateTopic.partitionCount(shards: 2),
    ]
    for (name, partitions) in counts { try broker.createTopic(name, partitions: partitions) }
    for source in sources { try count(4, of: source) }
    try commitShard(1, at: 3)
    let properties = try ClientProperties(["bootstrap.servers": broker.bootstrapServers])
    let producer = try Producer(properties: properties, logger: quiet)
    for (partition, records) in log.records {
      for record in records {
        try producer.produce(
          topic: partition.topic, partition: partition.partition, key: record.key, value: record.value)
      }
    }
    // Four events are counted, and some more are there; of viewers [1] fewer than that.
    for (source, events) in zip(sources, [4, 9, 2]) {
      for _ in 0..<events {
        try producer.produce(topic: source.topic, partition: source.partition, key: nil, value: [1])
      }
    }
    try producer.flush(timeoutMilliseconds: 15_000)
    // A checkpoint that is no longer there.
    log.offsets[sources[1]]!.metadata =
      CommitMetadata(
        id: PieceID(generation: 1, sequence: 1), head: 1_000, start: 1_000
      ).text
    for role in ConsumerRole.allCases {
      let consumer = try Consumer(
        properties: properties.setting(["group.id": role.name("g")]), logger: quiet)
      let own = log.offsets.values.filter { ($0.partition.topic == configuration.topics.partials) == (role == .rollup) }
      try consumer.commit(own)
    }

    let state = try StoredState.look(configuration, partitionCounts: counts, logger: quiet)
    #expect(state.topics.map(\.name) == ["purchases", "viewers", configuration.topics.partials])
    #expect(state.topics.map(\.partitions) == [1, 2, 2])
    #expect(state.topics.map { $0.entries.count } == [1, 2, 1])
    let entries = state.entries
    #expect(
      entries.map(\.committed) == log.offsets.values.sorted { $0.partition < $1.partition }.sources(first: sources))
    #expect(
      entries.map(\.checkpoint) == [
        .found(watermark: watermark(after: 4)), .missing, .found(watermark: watermark(after: 4)),
        .found(watermark: nil),
      ])
    let partials = Int64(log.records[TopicPartition(configuration.topics.partials, 1)]!.count)
    #expect(entries.map(\.backlog) == [.records(0), .records(5), .deleted, .records(partials - 3)])
    #expect(entries.allSatisfy { $0.namesCheckpoint })
  }
}

private let quiet: Logger = {
  var logger = Logger(label: "pipeline-tests") { StreamLogHandler.standardError(label: $0) }
  logger.logLevel = .critical
  return logger
}()

extension [PartitionOffset] {
  /// Source partitions in this order, then the rest.
  fileprivate func sources(first sources: [TopicPartition]) -> [PartitionOffset] {
    sources.flatMap { source in filter { $0.partition == source } } + filter { !sources.contains($0.partition) }
  }
}

/// A log in memory in which every transaction succeeds.
final class PlainLog: TransactionalLog, CommittedLog {
  var records: [TopicPartition: [(key: [UInt8]?, value: [UInt8]?)]] = [:]
  var offsets: [TopicPartition: PartitionOffset] = [:]
  var keepsMetadata = true
  /// How often a reader waited at the end of a partition for what was not there.
  var waits = 0
  var recordsRead = 0
  private var tickets: [Int: Int64] = [:]

  func begin() { tickets = [:] }

  func write(_ record: OutgoingRecord) {
    let partition = TopicPartition(record.topic, record.partition ?? 0)
    if record.ticket != 0 { tickets[record.ticket] = Int64(records[partition]?.count ?? 0) }
    records[partition, default: []].append((record.key, record.value))
  }

  func write(topic: String, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) {
    write(OutgoingRecord(topic: topic, partition: partition, key: key.map(Array.init), value: value.map(Array.init)))
  }

  func flush() -> [Int: Int64] { tickets }

  func commit(_ offsets: [PartitionOffset]) {
    for var offset in offsets {
      if !keepsMetadata { offset.metadata = nil }
      self.offsets[offset.partition] = offset
    }
  }

  func abort() {}

  func committed(_ partitions: [TopicPartition]) -> [TopicPartition: PartitionOffset] {
    offsets.filter { partitions.contains($0.key) }
  }

  func read(
    _ partition: TopicPartition, from start: Int64?, isDone: () -> Bool, _ body: (LogRecord) throws -> Bool
  ) throws {
    let records = records[partition] ?? []
    for offset in Int(start ?? 0)..<max(Int(start ?? 0), records.count) {
      recordsRead += 1
      let (key, value) = records[offset]
      let goesOn = try (key ?? []).withUnsafeBytes { key in
        try (value ?? []).withUnsafeBytes { try body(LogRecord(offset: Int64(offset), key: key, value: $0)) }
      }
      if !goesOn { return }
    }
    if !isDone() { waits += 1 }
  }
}
