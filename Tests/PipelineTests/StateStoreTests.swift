import Kafka
import LiveEvents
import Testing
import WindowEngine

@testable import Pipeline

@Suite struct StateStoreTests {
  private static let topics = Configuration.Topics()
  private static let source = TopicPartition("purchases", 0)
  private static let setup = EngineSetup(.replayDefault)
  private static let topic = StateTopic(topics: topics, shards: 2, partitions: StateTopic.partitionCount(shards: 2))

  /// A log in memory that serves both sides; `keepsMetadata` is false for brokers that drop it.
  private final class MemoryLog: TransactionalLog, CommittedLog {
    var entries: [TopicPartition: [(key: [UInt8], value: [UInt8]?)]] = [:]
    var offsets: [TopicPartition: PartitionOffset] = [:]
    var keepsMetadata = true
    /// Larger records are refused, as brokers do: when they have been sent.
    var maxValueBytes = Int.max
    private var isTooLarge = false
    private var tickets: [Int: Int64] = [:]

    func begin() throws(TransactionFailure) {
      tickets = [:]
      isTooLarge = false
    }

    func write(_ record: OutgoingRecord) throws(TransactionFailure) {
      let partition = TopicPartition(record.topic, record.partition ?? 0)
      if record.value?.count ?? 0 > maxValueBytes { isTooLarge = true }
      entries[partition, default: []].append((record.key ?? [], record.value))
      if record.ticket != 0 { tickets[record.ticket] = Int64(entries[partition]!.count - 1) }
    }

    func write(
      topic: String, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
    ) throws(TransactionFailure) {
      entries[TopicPartition(topic, partition ?? 0), default: []].append(
        (Array(key ?? .init(start: nil, count: 0)), value.map(Array.init)))
    }

    func flush() throws(TransactionFailure) -> [Int: Int64] {
      if isTooLarge { throw .abort(.recordTooLarge, "a record is too large") }
      return tickets
    }

    func commit(_ committed: [PartitionOffset]) throws(TransactionFailure) {
      for var offset in committed {
        if !keepsMetadata { offset.metadata = nil }
        offsets[offset.partition] = offset
      }
    }

    func abort() throws(TransactionFailure) {}

    func committed(_ partitions: [TopicPartition]) throws -> [TopicPartition: PartitionOffset] { offsets }

    func read(
      _ partition: TopicPartition, from start: Int64?, isDone: () -> Bool, _ body: (LogRecord) throws -> Bool
    ) throws {
      for (offset, entry) in (entries[partition] ?? []).enumerated() where offset >= start ?? 0 {
        let goesOn = try entry.key.withUnsafeBytes { key in
          try (entry.value ?? []).withUnsafeBytes {
            try body(LogRecord(offset: Int64(offset), key: key, value: entry.value == nil ? nil : $0))
          }
        }
        if !goesOn { return }
      }
    }
  }

  /// A committer that owns the source partition from its beginning.
  private func owner(_ log: MemoryLog) throws -> (IngestCommitter, OwnedSource) {
    let sources = Sources([Self.source])
    let committer = IngestCommitter(plan: Self.setup.plan, topic: Self.topic, sources: sources, log: log)
    let owned = try OwnedSource(
      Self.source, setup: Self.setup, sources: sources, shards: 2, keepsDuplicates: false, generation: 1,
      restored: nil, now: 0)
    committer.own(owned.source, generation: 1, restored: nil)
    return (committer, owned)
  }

  /// Commits so many hand-overs of one paid order each, and gives the log.
  private func log(commits: Int, keepsMetadata: Bool = true) throws -> MemoryLog {
    let log = MemoryLog()
    log.keepsMetadata = keepsMetadata
    let (committer, owned) = try owner(log)
    for i in 0..<commits {
      let text = """
        {"type":"paid","event_id":"e\(i)","order_id":"o","buyer_id":"b","session_id":"s","amount":1,"ts":1592308800000}
        """
      Array(text.utf8).withUnsafeBytes {
        _ = owned.take($0, recordTimestamp: -1, offset: Int64(i))
        owned.endRecords(nextOffset: Int64(i) + 1, now: 0)
      }
      committer.take(owned.handOver()!)
      guard case .committed = try committer.commit() else { throw StateError.checksum(.partial) }
    }
    return log
  }

  private func store(_ log: MemoryLog) -> StateStore {
    StateStore(plan: Self.setup.plan, topic: Self.topic, log: log)
  }

  private func offset(of found: StateStore.Found<StateStore.Lane>) -> Int64? {
    if case .state(let lane) = found { lane.checkpoint.sourceOffset } else { nil }
  }

  @Test func whatACommittedOffsetSaysIsReadBack() {
    let one = CommitMetadata(id: PieceID(generation: .max, sequence: 12), head: 5, start: 3, ids: nil)
    #expect(one.text == "v1 ffffffffffffffff 12 5 3 -")
    #expect(CommitMetadata(one.text) == one)
    let two = CommitMetadata(id: PieceID(generation: 1, sequence: 0), head: 0, start: 0, ids: 9)
    #expect(CommitMetadata(two.text) == two)
    for text in ["", "v2 1 1 1 1 1", "v1 1 1 1 1", "v1 x 1 1 1 1", "v1 1 -1 1 1 1", "hello"] {
      #expect(CommitMetadata(text) == nil)
    }
  }

  @Test(arguments: [true, false]) func theCheckpointOfTheCommittedOffsetIsFound(keepsMetadata: Bool) throws {
    let log = try log(commits: 5, keepsMetadata: keepsMetadata)
    let committed = try #require(log.offsets[Self.source])
    #expect(committed.offset == 5 && (committed.metadata != nil) == keepsMetadata)
    let found = try store(log).lane(Self.source, committed: committed)
    #expect(offset(of: found) == 5)
    guard case .state(let lane) = found else { return }
    // Every piece of the open pane, and every id, oldest first.
    #expect(lane.pieces.map(\.0.sequence) == [0, 1, 2, 3, 4] && lane.ids.map(\.0.sequence) == [0, 1, 2, 3, 4])
  }

  @Test func anOffsetWithoutACheckpointOfItsOwnStopsTheInstance() throws {
    for keepsMetadata in [true, false] {
      let log = try log(commits: 5, keepsMetadata: keepsMetadata)
      var committed = log.offsets[Self.source]!
      committed.offset = 7
      #expect(throws: RestoreError.self) { try store(log).lane(Self.source, committed: committed) }
    }
    let log = try log(commits: 5)
    log.entries[Self.topic.lanePieces(Self.source)] = []
    #expect(throws: RestoreError.self) { try store(log).lane(Self.source, committed: log.offsets[Self.source]) }
  }

  @Test func aPieceThatIsMissingStopsTheInstance() throws {
    let log = try log(commits: 5)
    log.entries[Self.topic.lanePieces(Self.source)]![2] = ([], nil)
    #expect(throws: RestoreError.self) { try store(log).lane(Self.source, committed: log.offsets[Self.source]) }
    let other = try self.log(commits: 5)
    other.entries[Self.topic.idPieces(Self.source)]![1] = ([], nil)
    #expect(throws: RestoreError.self) { try store(other).lane(Self.source, committed: other.offsets[Self.source]) }
  }

  @Test func damagedStateIsNotUsed() throws {
    let log = try log(commits: 5)
    log.entries[Self.topic.lanePieces(Self.source)]![3].value![40] ^= 1
    #expect(throws: StateError.self) { try store(log).lane(Self.source, committed: log.offsets[Self.source]) }
  }

  @Test func stateOfAnotherPlanIsLeftAlone() throws {
    let log = try log(commits: 2)
    var configuration = Configuration.replayDefault
    configuration.groups.removeLast()
    let other = EngineSetup(configuration)
    #expect(other.plan.stateID != Self.setup.plan.stateID)
    let found = try StateStore(plan: other.plan, topic: Self.topic, log: log)
      .lane(Self.source, committed: log.offsets[Self.source])
    guard case .nothing(isOfOtherPlan: true) = found else {
      Issue.record("state of another plan was taken")
      return
    }
  }

  @Test func aRejectThatItsTopicDoesNotTakeGivesWay() throws {
    let log = MemoryLog()
    log.maxValueBytes = 100_000
    let (committer, owned) = try owner(log)
    for (offset, size) in [200_000, 10].enumerated() {
      [UInt8](repeating: 65, count: size).withUnsafeBytes {
        _ = owned.take($0, recordTimestamp: -1, offset: Int64(offset))
        owned.endRecords(nextOffset: Int64(offset) + 1, now: 0)
      }
    }
    committer.take(owned.handOver()!)
    guard case .aborted(.recordTooLarge, _) = try committer.commit() else {
      Issue.record("the record was taken")
      return
    }
    guard case .committed = try committer.commit() else {
      Issue.record("the reject still stands in the way")
      return
    }
    // The second attempt: the large one without its bytes, the small one as it was.
    let rejects = log.entries[TopicPartition(Self.topics.rejects, 0)]!.suffix(2).map { $0.value?.count }
    #expect(rejects == [0, 10])
  }

  @Test func keysOfPiecesAreNotUsedAgainWhileTheyAreNeeded() throws {
    // A restore needs at most as many pieces as a log of pieces has, and one more that is being written.
    var keys: Set<[UInt8]> = []
    let count = 8_192
    for sequence in 0..<count {
      let record = StateRecord(
        kind: .lane, stateID: 0, id: PieceID(generation: 1, sequence: UInt64(sequence)), contents: [])
      keys.insert(Self.topic.key(Self.source, record))
    }
    #expect(keys.count == count)
  }
}
