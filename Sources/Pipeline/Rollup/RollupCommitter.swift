import Kafka
import WindowEngine

/// Applies committed partials to the shards of this instance and publishes what follows, in transactions: live and final
/// records, leaderboards, the changelog and the offsets of the partials.
///
/// The records of a commit are kept until it is acknowledged, so that an abort only means to send them again. Where they
/// are too many for that, the shards are given up and restored instead.
///
/// No thread and no clock; one owner.
package final class RollupCommitter {
  /// Records of one commit that are kept for another try, bytes: as many as a commit of a second's changes has.
  package static let maxKeptBytes = 64 << 20

  package enum Outcome {
    case idle
    case committed(records: Int)
    /// Everything has been kept: call ``commit(now:)`` again.
    case aborted(AbortCause, String)
    /// The shards are ahead of what was committed: give them up and restore them.
    case lost(AbortCause, String)
  }

  /// What was published, for whoever shows it in the same process.
  package var published: (RecordBuffer) -> Void = { _ in }
  package private(set) var changelogBytes: UInt64 = 0

  private let plan: EnginePlan
  private let topic: StateTopic
  private let sources: Int
  private let log: any TransactionalLog
  private let maxKeptBytes: Int
  private var shards: [Int: OwnedShard] = [:]
  /// A commit that was aborted and is to be tried again.
  private var pending: Commit?

  package init(
    plan: EnginePlan, topic: StateTopic, sources: Int, log: any TransactionalLog,
    maxKeptBytes: Int = RollupCommitter.maxKeptBytes
  ) {
    self.maxKeptBytes = maxKeptBytes
    self.plan = plan
    self.topic = topic
    self.sources = sources
    self.log = log
  }

  /// The shards of this instance.
  package var numbers: [Int] { shards.keys.sorted() }
  package var keyCount: Int { shards.values.reduce(0) { $0 + $1.shard.keyCount } }
  /// Partials of panes that had been closed.
  package var droppedPartials: Int { shards.values.reduce(0) { $0 + $1.shard.droppedPartials } }
  package var isSaturated: Bool { shards.values.contains { $0.shard.isSaturated } }
  /// The offset of the next partial of a shard.
  package func nextOffset(of shard: Int) -> Int64? { shards[shard]?.nextOffset }

  /// Takes a shard over; `start` is where its partials begin if nothing is restored.
  package func own(
    _ shard: Int, generation: UInt64, restored: StateStore.Shard?, start: Int64, now: Int64,
    partials: (_ from: Int64, _ to: Int64, _ body: (LogRecord) throws -> Void) throws -> Void
  ) throws {
    if let restored {
      shards[shard] = try OwnedShard(
        shard, plan: plan, sources: sources, generation: generation, restored: restored, now: now, partials: partials)
    } else {
      shards[shard] = OwnedShard(
        shard, plan: plan, sources: sources, generation: generation, from: start, now: now)
    }
  }

  /// Forgets a shard, which belongs to others now. A commit that still waits with it is given up, and with it the other
  /// shards it speaks of; these are returned, to be restored.
  package func disown(_ gone: [Int]) -> [Int] {
    for shard in gone { shards[shard] = nil }
    guard let pending else { return [] }
    if pending.shards.isDisjoint(with: gone) { return [] }
    self.pending = nil
    let ahead = pending.shards.subtracting(gone).sorted()
    for shard in ahead { shards[shard] = nil }
    return ahead
  }

  /// Takes a record of the partials topic. Nothing more is taken while a commit waits to be tried again.
  package func take(_ value: UnsafeRawBufferPointer, shard: Int, offset: Int64) throws(StateError) {
    try shards[shard]?.take(value, offset: offset)
  }

  /// Whether an aborted commit waits, which must go through before more is taken.
  package var mustRetry: Bool { pending != nil }

  // MARK: Committing

  /// A commit on its way: its records and offsets, kept until it is acknowledged.
  private struct Commit {
    var buffers: [RecordBuffer] = []
    var bytes = 0
    var isWhole = true
    var records = 0
    var state: [OutgoingRecord] = []
    var stateBytes = 0
    /// What each ticket is: a copy of a segment, or the head of a shard.
    var tickets: [(shard: Int, id: PieceID, isHead: Bool)] = []
    var shards: Set<Int> = []
    var hasBegun = false
    var failure: TransactionFailure?
  }

  /// Publishes what has changed, and what time alone changes, and commits. Throws a failure that no new transaction of
  /// the same producer can mend; then the shards are void.
  package func commit(now: Int64) throws(TransactionFailure) -> Outcome {
    if let pending { return try finish(pending, isRetry: true) }
    var commit = Commit()
    for number in numbers { publish(shards[number]!, now: now, into: &commit) }
    if commit.shards.isEmpty { return .idle }
    return try finish(commit, isRetry: false)
  }

  private func publish(_ one: OwnedShard, now: Int64, into commit: inout Commit) {
    let shard = one.shard
    var gathered = commit
    shard.records.spill = { [unowned self] records in stage(records, into: &gathered) }
    shard.publish(now: now)
    shard.records.spill = nil
    let hasRecords = shard.records.count > 0 || gathered.records > commit.records
    if shard.records.count > 0 {
      stage(shard.records, into: &gathered)
      shard.records.removeAll()
    }
    commit = gathered
    one.changelog.credit(partialBytes: one.partialBytes, milliseconds: now - one.lastCommit)
    one.lastCommit = now
    if !hasRecords && one.nextOffset == one.committedOffset && !one.changelog.isDue(for: shard) { return }
    one.partialBytes = 0
    writeChangelog(one, into: &commit)
    commit.shards.insert(one.number)
  }

  /// Takes printed records over: keeps them while there is room, and sends them at once where there is none.
  private func stage(_ records: RecordBuffer, into commit: inout Commit) {
    commit.records += records.count
    commit.bytes += records.byteCount
    if commit.isWhole && commit.bytes <= maxKeptBytes {
      commit.buffers.append(records.takeContents())
      return
    }
    if commit.isWhole {
      commit.isWhole = false
      let kept = commit.buffers
      commit.buffers = []
      for buffer in kept { send(buffer, &commit) }
    }
    send(records, &commit)
  }

  private func send(_ records: RecordBuffer, _ commit: inout Commit) {
    if commit.failure != nil { return }
    do throws(TransactionFailure) {
      if !commit.hasBegun {
        try log.begin()
        commit.hasBegun = true
      }
      try write(records)
      published(records)
    } catch {
      commit.failure = error
    }
  }

  private func write(_ records: RecordBuffer) throws(TransactionFailure) {
    var failure: TransactionFailure?
    records.visit { topic, key, value in
      if failure != nil { return }
      do throws(TransactionFailure) {
        try log.write(topic: name(topic), partition: nil, key: key, value: value)
      } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func name(_ topic: RecordBuffer.Topic) -> String {
    switch topic {
    case .metrics: self.topic.topics.metrics
    case .live: self.topic.topics.live
    case .leaderboards: self.topic.topics.leaderboards
    }
  }

  private func writeChangelog(_ one: OwnedShard, into commit: inout Commit) {
    let partition = topic.changelog(shard: one.number)
    let written = one.changelog.write(one.shard, partialsOffset: one.nextOffset)
    for copy in written.copies {
      let records = StateRecord.records(.segment, stateID: plan.stateID, id: copy.id, contents: copy.contents)
      for record in records {
        if record.part == 0 { commit.tickets.append((one.number, copy.id, false)) }
        add(
          record, key: topic.key(shard: one.number, segment: copy.segment, record), to: partition,
          ticket: record.part == 0 ? commit.tickets.count : 0, &commit)
      }
    }
    let head = written.head
    let records = StateRecord.records(.shard, stateID: plan.stateID, id: head.id, contents: head.encoded)
    for record in records {
      if record.part == record.parts - 1 { commit.tickets.append((one.number, head.id, true)) }
      add(
        record, key: topic.key(shard: one.number, record), to: partition,
        ticket: record.part == record.parts - 1 ? commit.tickets.count : 0, &commit)
    }
  }

  private func add(
    _ record: StateRecord, key: [UInt8], to partition: TopicPartition, ticket: Int, _ commit: inout Commit
  ) {
    let value = record.encoded
    commit.stateBytes += key.count + value.count
    commit.state.append(
      OutgoingRecord(
        topic: partition.topic, partition: partition.partition, key: key, value: value, ticket: ticket))
  }

  /// Sends what is kept of a commit and ends its transaction.
  private func finish(_ commit: Commit, isRetry: Bool) throws(TransactionFailure) -> Outcome {
    do throws(TransactionFailure) {
      if let failure = commit.failure { throw failure }
      if !commit.hasBegun { try log.begin() }
      for buffer in commit.buffers { try write(buffer) }
      for record in commit.state { try log.write(record) }
      let delivered = try log.flush()
      var heads: [Int: Int64] = [:]
      var copies: [Int: [PieceID: Int64]] = [:]
      for (i, ticket) in commit.tickets.enumerated() {
        guard let offset = delivered[i + 1] else {
          throw .abort(.broker, "could not tell where a record of \(topic.topics.checkpoints) was written; try again")
        }
        if ticket.isHead {
          heads[ticket.shard] = offset
        } else {
          copies[ticket.shard, default: [:]][ticket.id] = offset
        }
      }
      try log.commit(commit.shards.sorted().map { offset(of: shards[$0]!, heads[$0] ?? 0, copies[$0] ?? [:]) })
      pending = nil
      acknowledge(commit, copies)
      return .committed(records: commit.records)
    } catch {
      guard case .abort(let cause, let text) = error else { throw error }
      try log.abort()
      if !commit.isWhole {
        pending = nil
        shards = [:]
        return .lost(cause, text)
      }
      pending = commit
      return .aborted(cause, text)
    }
  }

  private func offset(of one: OwnedShard, _ head: Int64, _ copies: [PieceID: Int64]) -> PartitionOffset {
    let ids = one.changelog.segments.compactMap(\.id)
    let start = ids.map { copies[$0] ?? one.copyOffsets[$0] ?? 0 }.min() ?? head
    let metadata = CommitMetadata(id: one.changelog.lastHead!, head: head, start: min(start, head))
    return PartitionOffset(
      TopicPartition(topic.topics.partials, Int32(one.number)), offset: one.nextOffset, metadata: metadata.text)
  }

  private func acknowledge(_ commit: Commit, _ copies: [Int: [PieceID: Int64]]) {
    changelogBytes += UInt64(commit.stateBytes)
    for number in commit.shards {
      let one = shards[number]!
      one.committedOffset = one.nextOffset
      let ids = Set(one.changelog.segments.compactMap(\.id))
      one.copyOffsets = one.copyOffsets.merging(copies[number] ?? [:]) { $1 }.filter { ids.contains($0.key) }
    }
    for buffer in commit.buffers { published(buffer) }
  }
}
