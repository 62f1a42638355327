import Kafka
import Logging
import WindowEngine

/// What is stored for a configuration, looked at from outside: no group is joined and nothing is changed.
package struct StoredState {
  /// A partition with a committed offset.
  package struct Entry {
    package var committed: PartitionOffset
    package var checkpoint: CheckpointFinding
    package var backlog: Backlog

    package init(committed: PartitionOffset, checkpoint: CheckpointFinding, backlog: Backlog) {
      self.committed = committed
      self.checkpoint = checkpoint
      self.backlog = backlog
    }

    /// Whether the offset says where its checkpoint lies; where brokers do not keep that, a restore looks for it.
    package var namesCheckpoint: Bool { committed.metadata.flatMap(CommitMetadata.init) != nil }
    /// Whether a start goes on from here, rather than from the beginning.
    package var isUsed: Bool { checkpoint != .ofOtherPlan }
  }

  /// The partitions of one topic: a source topic, or the partials with a partition for each shard.
  package struct Topic {
    package var name: String
    package var partitions: Int
    /// Those with a committed offset.
    package var entries: [Entry]

    package init(name: String, partitions: Int, entries: [Entry]) {
      self.name = name
      self.partitions = partitions
      self.entries = entries
    }
  }

  /// The source topics, then the partials.
  package var topics: [Topic]
  package var entries: [Entry] { topics.flatMap(\.entries) }

  package init(topics: [Topic]) { self.topics = topics }

  /// Asks the cluster, of whose topics `partitionCounts` tells those that there are.
  package static func look(
    _ configuration: Configuration, partitionCounts: [String: Int], logger: Logger
  ) throws -> StoredState {
    let clients = ClientSettings(configuration, try ClientProperties(configuration.kafka))
    let layout = TopicLayout(configuration)
    var counts = layout.sources.map { ($0, partitionCounts[$0] ?? 0) }
    counts.append((configuration.topics.partials, configuration.shards))
    let partitions = counts.flatMap { topic, count in (0..<Int32(count)).map { TopicPartition(topic, $0) } }
    var committed: [TopicPartition: PartitionOffset] = [:]
    var store: StateStore?
    for role in ConsumerRole.allCases {
      // A consumer that does not subscribe is no member of its group.
      let consumer = try Consumer(
        properties: try clients.reading.setting(["group.id": role.name(configuration.groupID)]), logger: logger)
      let log = try KafkaCommittedLog(
        consumer: consumer, properties: clients.reading, logger: logger, mayGoOn: { true })
      let own = partitions.filter { ($0.topic == configuration.topics.partials) == (role == .rollup) }
      if !own.isEmpty { committed.merge(try log.committed(own)) { $1 } }
      store =
        store
        ?? StateStore(
          plan: EngineSetup(configuration).plan,
          topic: StateTopic(
            topics: configuration.topics, shards: configuration.shards,
            partitions: partitionCounts[configuration.topics.checkpoints] ?? 0), log: log)
    }
    let offsets = committed.values.sorted { $0.partition < $1.partition }
    let checkpoints = try store!.checkpoints(of: offsets)
    let backlogs = try Backlog.measure(
      offsets.filter { partitionCounts[$0.partition.topic] != nil }, properties: clients.reading, logger: logger)
    let entries = offsets.map { offset in
      Entry(
        committed: offset, checkpoint: checkpoints[offset.partition] ?? .missing,
        backlog: backlogs[offset.partition] ?? .deleted)
    }
    return StoredState(
      topics: counts.map { topic, count in
        Topic(name: topic, partitions: count, entries: entries.filter { $0.committed.partition.topic == topic })
      })
  }
}

/// The checkpoint that a restore would find for a committed offset.
package enum CheckpointFinding: Equatable {
  /// It is there; a source partition's with its watermark, ms, unless no event was counted or it is a very large one.
  case found(watermark: Int64?)
  /// It was written under another configuration, see ``Configuration/planDescription``: a start does not use it.
  case ofOtherPlan
  /// It is not there, or an open transaction hides it for longer than transactions should last.
  case missing
}

extension StateStore {
  /// Looks for the checkpoints that belong to committed offsets of source partitions and shards, but does not read the
  /// state itself.
  package func checkpoints(of committed: [PartitionOffset]) throws -> [TopicPartition: CheckpointFinding] {
    if topic.partitions == 0 { return [:] }
    var findings: [TopicPartition: CheckpointFinding] = [:]
    // Whoever has waited once for what open transactions hide need not do so again.
    var hasWaited = false
    var unnamed: [TopicPartition: [PartitionOffset]] = [:]
    for offset in committed {
      let place = place(of: offset.partition)
      guard let metadata = offset.metadata.flatMap(CommitMetadata.init) else {
        unnamed[place, default: []].append(offset)
        continue
      }
      var isThere = false
      let mayStop = { hasWaited }
      do {
        try log.read(place, from: metadata.head, isDone: mayStop) { record in
          isThere = true
          if record.offset == metadata.head {
            findings[offset.partition] = try finding(in: record, for: offset, named: metadata.id)
          }
          return false
        }
        hasWaited = hasWaited || !isThere
      } catch let error as KafkaError where error.kind == .offsetOutOfRange {}
    }
    for (place, offsets) in unnamed.sorted(by: { $0.key < $1.key }) {
      let isComplete = { offsets.allSatisfy { findings[$0.partition] != nil } }
      let mayStop = { hasWaited || isComplete() }
      try log.read(place, from: nil, isDone: mayStop) { record in
        for offset in offsets {
          // The newest one that fits is taken, as a restore does.
          if let finding = try finding(in: record, for: offset, named: nil) { findings[offset.partition] = finding }
        }
        return true
      }
      hasWaited = hasWaited || !isComplete()
    }
    return findings
  }

  private func place(of partition: TopicPartition) -> TopicPartition {
    partition.topic == topic.topics.partials
      ? topic.changelog(shard: Int(partition.partition)) : topic.lanePieces(partition)
  }

  /// What a record says about a committed offset; `nil` if it is not a checkpoint that can belong to it.
  private func finding(
    in record: LogRecord, for offset: PartitionOffset, named id: PieceID?
  ) throws -> CheckpointFinding? {
    let isShard = offset.partition.topic == topic.topics.partials
    let isOwn =
      isShard
      ? topic.isKey(record.key, ofShard: Int(offset.partition.partition))
      : topic.isKey(record.key, of: offset.partition, .lane)
    guard isOwn, let value = record.value else { return nil }
    let piece = try StateRecord(value)
    guard piece.kind == (isShard ? .shard : .lane), id == nil || piece.id == id else { return nil }
    if piece.stateID != plan.stateID { return .ofOtherPlan }
    // What it says about itself is in the first part; a name leads to the last one.
    if piece.part > 0 { return id == nil ? nil : .found(watermark: nil) }
    return try piece.contents.withUnsafeBytes { bytes in
      if isShard {
        return try ShardHead(piece.id, bytes: bytes).partialsOffset == offset.offset ? .found(watermark: nil) : nil
      }
      let checkpoint = try LaneCheckpoint(piece.id, bytes: bytes)
      if checkpoint.sourceOffset != offset.offset { return nil }
      return .found(watermark: checkpoint.watermark == .min ? nil : checkpoint.watermark)
    }
  }
}
