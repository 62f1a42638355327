import Kafka
import WindowEngine

/// Writes what the lanes hand over, in transactions: partials, frontiers, checkpoints, rejects and source offsets.
///
/// What has been handed over is kept until its commit is acknowledged; after an abort the next transaction carries it
/// again, with what came meanwhile. Partials are states that replace, so nothing is taken back and nobody seeks.
///
/// No thread and no clock; one owner.
package final class IngestCommitter {
  /// A record of the rejects topic has a value and what surrounds it; brokers count both.
  private static let maxRejectBytes = TopicLayout.maxRecordBytes - 4096

  /// What every broker takes.
  private static let smallRejectBytes = 64 << 10

  /// What became of a commit.
  package enum Outcome {
    /// Nothing was waiting.
    case idle
    case committed([HandOver])
    case aborted(AbortCause, String)
  }

  /// A source partition of this instance, with where its pieces lie.
  private struct Owned {
    let generation: UInt64
    var offsets: [UInt64: Int64]
    var idOffsets: [UInt64: Int64]
    var frontier: Frontier?
  }

  private let plan: EnginePlan
  private let topic: StateTopic
  private let sources: Sources
  private let log: any TransactionalLog
  private var owned: [Int: Owned] = [:]
  private var waiting: [HandOver] = []
  package var mutations: Mutations = []
  /// Bytes written to the internal topics and acknowledged.
  package private(set) var partialBytes: UInt64 = 0
  package private(set) var checkpointBytes: UInt64 = 0

  package init(plan: EnginePlan, topic: StateTopic, sources: Sources, log: any TransactionalLog) {
    self.plan = plan
    self.topic = topic
    self.sources = sources
    self.log = log
  }

  /// A lane has taken a partition over.
  package func own(_ source: Int, generation: UInt64, restored: StateStore.Lane?) {
    owned[source] = Owned(
      generation: generation, offsets: restored?.offsets ?? [:], idOffsets: restored?.idOffsets ?? [:])
  }

  /// The partition belongs to others now: what waits of it is theirs to do again.
  package func disown(_ source: Int) {
    owned[source] = nil
    waiting.removeAll { $0.frontier.source == source }
  }

  package func take(_ handOver: HandOver) { waiting.append(handOver) }

  /// How many hand-overs wait for their acknowledgement.
  package var waitingCount: Int { waiting.count }

  /// Their bytes, about.
  package var waitingBytes: Int { waiting.reduce(0) { $0 + $1.byteCount } }

  /// Whether something waits to be committed.
  package var hasWork: Bool { !waiting.isEmpty }

  /// Commits what waits. `refreshesFrontiers` writes all frontiers again to the shard that other instances follow, for
  /// those that have just come. Throws a failure that no new transaction of the same producer can mend.
  package func commit(refreshesFrontiers: Bool = false) throws(TransactionFailure) -> Outcome {
    waiting.removeAll { owned[$0.frontier.source]?.generation != $0.generation }
    let refreshed = refreshesFrontiers ? owned.values.compactMap(\.frontier) : []
    if waiting.isEmpty && refreshed.isEmpty { return .idle }
    do {
      let written = try attempt(refreshed)
      let committed = waiting
      waiting = []
      acknowledge(committed, written)
      return .committed(committed)
    } catch {
      guard case .abort(let cause, let text) = error else { throw error }
      try log.abort()
      if cause == .recordTooLarge { leaveOutLargeRejects() }
      if mutations.contains(.rejectsReleasedEarly) { for i in waiting.indices { waiting[i].rejects = [] } }
      return .aborted(cause, text)
    }
  }

  /// Where the pieces of one attempt lie, and how much it wrote.
  private struct Written {
    var pieces: [(source: Int, sequence: UInt64, offset: Int64)] = []
    var ids: [(source: Int, sequence: UInt64, offset: Int64)] = []
    var partialBytes = 0
    var checkpointBytes = 0
  }

  private enum Ticket {
    case piece(Int, UInt64)
    case ids(Int, UInt64)
    case head(Int)
  }

  private func attempt(_ refreshed: [Frontier]) throws(TransactionFailure) -> Written {
    var written = Written()
    var tickets: [Ticket] = []
    try log.begin()
    for handOver in waiting {
      for block in handOver.blocks {
        try log.write(topic: topic.topics.partials, partition: Int32(block.shard), key: nil, value: block.bytes)
        written.partialBytes += block.bytes.count
      }
    }
    try writeFrontiers(refreshed, &written)
    for handOver in waiting {
      if let checkpoint = handOver.checkpoint {
        try write(checkpoint, of: handOver.frontier.source, &tickets, &written)
      }
      for reject in handOver.rejects { try write(reject) }
    }
    let offsets = try log.flush()
    var heads: [Int: Int64] = [:]
    for (i, ticket) in tickets.enumerated() {
      guard let offset = offsets[i + 1] else {
        throw .abort(.broker, "could not tell where a record of \(topic.topics.checkpoints) was written; try again")
      }
      switch ticket {
      case .piece(let source, let sequence): written.pieces.append((source, sequence, offset))
      case .ids(let source, let sequence): written.ids.append((source, sequence, offset))
      case .head(let source): heads[source] = offset
      }
    }
    try log.commit(committedOffsets(heads, written))
    return written
  }

  /// The last frontier of each source partition, to every shard, behind the blocks that it speaks of.
  private func writeFrontiers(_ refreshed: [Frontier], _ written: inout Written) throws(TransactionFailure) {
    var moved: [Int: Frontier] = [:]
    var arrivals: [Int: Arrival] = [:]
    for handOver in waiting {
      let source = handOver.frontier.source
      moved[source] = handOver.frontier
      if let arrival = handOver.arrival, arrivals[source]?.add(arrival) == nil { arrivals[source] = arrival }
    }
    let frontiers = moved.values.sorted { $0.source < $1.source }
    let record = Frontier.encode(frontiers, plan: plan)
    for shard in 0..<topic.shards where !frontiers.isEmpty {
      // Each source partition's to one shard alone, so that no event is observed twice.
      let shown = arrivals.filter { $0.key % topic.shards == shard }.sorted { $0.key < $1.key }.map(\.value)
      try log.write(
        OutgoingRecord(
          topic: topic.topics.partials, partition: Int32(shard), value: record,
          headers: shown.isEmpty ? [] : [ArrivalHeader.encode(shown)]))
      written.partialBytes += record.count
    }
    let rest = refreshed.filter { moved[$0.source] == nil }.sorted { $0.source < $1.source }
    if !rest.isEmpty {
      try log.write(
        OutgoingRecord(topic: topic.topics.partials, partition: 0, value: Frontier.encode(rest, plan: plan)))
    }
  }

  private func write(
    _ checkpoint: LaneCheckpoint, of source: Int, _ tickets: inout [Ticket], _ written: inout Written
  ) throws(TransactionFailure) {
    let partition = sources.partition(of: source)
    if let ids = checkpoint.ids, let bytes = checkpoint.idBytes {
      let records = StateRecord.records(.ids, stateID: plan.stateID, id: ids, contents: bytes)
      for record in records {
        if record.part == 0 { tickets.append(.ids(source, ids.sequence)) }
        try write(
          record, key: topic.key(partition, record), to: topic.idPieces(partition),
          ticket: record.part == 0 ? tickets.count : 0, &written)
      }
    }
    let records = StateRecord.records(.lane, stateID: plan.stateID, id: checkpoint.id, contents: checkpoint.bytes)
    for record in records {
      if record.part == 0 { tickets.append(.piece(source, checkpoint.id.sequence)) }
      // The last part of a piece that has several is told apart from the first.
      if record.part > 0 && record.part == record.parts - 1 { tickets.append(.head(source)) }
      try write(
        record, key: topic.key(partition, record), to: topic.lanePieces(partition),
        ticket: record.part == 0 || record.part == record.parts - 1 ? tickets.count : 0, &written)
    }
  }

  private func write(
    _ record: StateRecord, key: [UInt8], to partition: TopicPartition, ticket: Int, _ written: inout Written
  ) throws(TransactionFailure) {
    let value = record.encoded
    written.checkpointBytes += key.count + value.count
    try log.write(
      OutgoingRecord(
        topic: partition.topic, partition: partition.partition, key: key, value: value, ticket: ticket))
  }

  /// Brokers that take only smaller records than expected get the reason without the bytes; the record itself stays
  /// where its topic, partition and offset say.
  private func leaveOutLargeRejects() {
    for i in waiting.indices {
      for j in waiting[i].rejects.indices where waiting[i].rejects[j].bytes.count > Self.smallRejectBytes {
        let count = waiting[i].rejects[j].bytes.count
        waiting[i].rejects[j].detail = "\(count) bytes, more than a record of this topic may have; left out"
        waiting[i].rejects[j].bytes = []
      }
    }
  }

  private func write(_ reject: Reject) throws(TransactionFailure) {
    let source = sources.partition(of: reject.source)
    var headers = [
      Header("reason", reject.reason.rawValue), Header("detail", reject.detail), Header("topic", source.topic),
      Header("partition", String(source.partition)), Header("offset", String(reject.offset)),
    ]
    var value = reject.bytes
    if value.count > Self.maxRejectBytes {
      // The record itself stays where its topic, partition and offset say.
      headers[1] = Header("detail", "\(value.count) bytes, more than a record of this topic may have; left out")
      value = []
    }
    try log.write(OutgoingRecord(topic: topic.topics.rejects, value: value, headers: headers))
  }

  /// The offsets to commit, each with the checkpoint that belongs to it.
  private func committedOffsets(_ heads: [Int: Int64], _ written: Written) -> [PartitionOffset] {
    var last: [Int: HandOver] = [:]
    for handOver in waiting { last[handOver.frontier.source] = handOver }
    return last.sorted { $0.key < $1.key }.map { source, handOver in
      var metadata: String?
      if let checkpoint = handOver.checkpoint, let owned = owned[source] {
        let new = Dictionary(
          written.pieces.filter { $0.source == source }.map { ($0.sequence, $0.offset) }, uniquingKeysWith: { $1 })
        let newIDs = Dictionary(
          written.ids.filter { $0.source == source }.map { ($0.sequence, $0.offset) }, uniquingKeysWith: { $1 })
        let first = new[checkpoint.id.sequence] ?? 0
        metadata =
          CommitMetadata(
            id: checkpoint.id, head: max(heads[source] ?? first, first),
            start: new[checkpoint.firstNeeded] ?? owned.offsets[checkpoint.firstNeeded] ?? 0,
            ids: checkpoint.ids == nil
              ? nil : newIDs[checkpoint.firstIDs] ?? owned.idOffsets[checkpoint.firstIDs] ?? 0
          ).text
      }
      return PartitionOffset(sources.partition(of: source), offset: handOver.sourceOffset, metadata: metadata)
    }
  }

  private func acknowledge(_ committed: [HandOver], _ written: Written) {
    partialBytes += UInt64(written.partialBytes)
    checkpointBytes += UInt64(written.checkpointBytes)
    for piece in written.pieces { owned[piece.source]?.offsets[piece.sequence] = piece.offset }
    for piece in written.ids { owned[piece.source]?.idOffsets[piece.sequence] = piece.offset }
    for handOver in committed {
      let source = handOver.frontier.source
      owned[source]?.frontier = handOver.frontier
      guard let checkpoint = handOver.checkpoint, let known = owned[source] else { continue }
      if known.offsets.contains(where: { $0.key < checkpoint.firstNeeded }) {
        owned[source]!.offsets = known.offsets.filter { $0.key >= checkpoint.firstNeeded }
      }
      if known.idOffsets.contains(where: { $0.key < checkpoint.firstIDs }) {
        owned[source]!.idOffsets = known.idOffsets.filter { $0.key >= checkpoint.firstIDs }
      }
    }
  }
}
