import Kafka
import WindowEngine

/// State that cannot be restored.
public enum RestoreError: Error, CustomStringConvertible {
  case noCheckpoint(TopicPartition, offset: Int64, topic: String)
  case missingPiece(TopicPartition, topic: String)
  /// What is stored could not be read in time: the brokers are away, or do not show yet what was committed.
  case noAnswer(TopicPartition)
  /// The program is to end.
  case interrupted(TopicPartition)

  public var description: String {
    switch self {
    case .noCheckpoint(let partition, let offset, let topic):
      "no checkpoint on \(topic) belongs to the committed offset \(offset) of \(partition): the topic was emptied or "
        + "replaced; restore it, or start anew with livetally reset"
    case .missingPiece(let partition, let topic):
      "the checkpoint of \(partition) is incomplete on \(topic): its retention must be compact, not delete; start anew "
        + "with livetally reset"
    case .noAnswer(let partition): "what is stored on \(partition) could not be read in time: check the brokers"
    case .interrupted(let partition): "reading \(partition) was interrupted"
    }
  }

  /// Whether a new session may find what this one did not.
  var mayPass: Bool {
    switch self {
    case .noAnswer, .interrupted: true
    case .noCheckpoint, .missingPiece: false
    }
  }
}

/// The mistakes that the simulator must be able to tell from the program as it is; none in the program.
package struct Mutations: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }
  package static let openPanesNotRestored = Mutations(rawValue: 1)
  package static let idsNotRestored = Mutations(rawValue: 2)
  package static let newestCheckpoint = Mutations(rawValue: 4)
  package static let rejectsReleasedEarly = Mutations(rawValue: 8)
}

/// Reads back what committers have written.
package struct StateStore {
  let plan: EnginePlan
  let topic: StateTopic
  let log: any CommittedLog
  package var mutations: Mutations = []

  package init(plan: EnginePlan, topic: StateTopic, log: any CommittedLog) {
    self.plan = plan
    self.topic = topic
    self.log = log
  }

  /// What a source partition goes on from.
  package struct Lane {
    package var checkpoint: LaneCheckpoint
    package var pieces: [(PieceID, [UInt8])]
    package var ids: [(PieceID, [UInt8])]
    /// Where the pieces lie, by sequence number.
    package var offsets: [UInt64: Int64]
    package var idOffsets: [UInt64: Int64]
  }

  /// What a shard goes on from.
  package struct Shard {
    package var head: ShardHead
    package var copies: [[UInt8]?]
    package var offsets: [PieceID: Int64]
  }

  /// The outcome of looking for state.
  package enum Found<State> {
    /// Nothing was ever committed, or for another plan: begin at the beginning.
    case nothing(isOfOtherPlan: Bool)
    case state(State)
  }

  /// A piece as it was found, with where its first record lies.
  private struct Piece {
    var record: StateRecord
    var offset: Int64
    var parts: Int
  }

  /// The pieces of an owner, put together from their records.
  private struct Pieces {
    var all: [PieceID: Piece] = [:]
    /// Complete ones in the order of their last records.
    var order: [PieceID] = []

    mutating func take(_ record: StateRecord, offset: Int64) {
      var piece = Piece(record: record, offset: offset, parts: 1)
      if record.part > 0 {
        guard let known = all[record.id], known.parts == record.part else { return }
        piece = known
        piece.record.contents += record.contents
        piece.parts += 1
      }
      all[record.id] = piece
      if piece.parts == record.parts { order.append(record.id) }
    }

    func isWhole(_ id: PieceID) -> Bool { all[id].map { $0.parts == $0.record.parts } ?? false }
  }

  // MARK: Source partitions

  /// The state that belongs to the committed offset of a source partition.
  package func lane(_ source: TopicPartition, committed: PartitionOffset?) throws -> Found<Lane> {
    guard let committed else { return .nothing(isOfOtherPlan: false) }
    let metadata = committed.metadata.flatMap(CommitMetadata.init)
    let partition = topic.lanePieces(source)
    var pieces = Pieces()
    let isNamed = metadata != nil && !mutations.contains(.newestCheckpoint)
    let isDone = { !isNamed && pieces.order.contains { matches(pieces.all[$0]!.record, committed.offset) } }
    try log.read(partition, from: isNamed ? metadata!.start : nil, isDone: isDone) { record in
      if let value = record.value, topic.isKey(record.key, of: source, .lane) {
        pieces.take(try StateRecord(value), offset: record.offset)
      }
      return !isNamed || record.offset < metadata!.head
    }
    let candidates = isNamed ? [metadata!.id].filter(pieces.isWhole) : pieces.order.reversed()
    for id in candidates {
      let piece = pieces.all[id]!.record
      if piece.stateID != plan.stateID { return .nothing(isOfOtherPlan: true) }
      let checkpoint = try piece.contents.withUnsafeBytes { try LaneCheckpoint(id, bytes: $0) }
      if checkpoint.sourceOffset != committed.offset && !mutations.contains(.newestCheckpoint) { continue }
      let ids = try idPieces(of: source, checkpoint, from: isNamed ? metadata!.ids : nil)
      let chain = try chain(source, from: id, downTo: checkpoint.firstNeeded, pieces) {
        try LaneCheckpoint($0, bytes: $1).previous
      }
      return .state(
        Lane(
          checkpoint: checkpoint, pieces: mutations.contains(.openPanesNotRestored) ? [] : chain.pieces,
          ids: mutations.contains(.idsNotRestored) ? [] : ids.pieces, offsets: chain.offsets, idOffsets: ids.offsets))
    }
    throw RestoreError.noCheckpoint(source, offset: committed.offset, topic: topic.topics.checkpoints)
  }

  /// Whether a piece is a checkpoint that can belong to a committed offset.
  private func matches(_ record: StateRecord, _ offset: Int64) -> Bool {
    if record.stateID != plan.stateID { return true }
    return record.contents.withUnsafeBytes { bytes in
      switch record.kind {
      case .lane: (try? LaneCheckpoint(record.id, bytes: bytes))?.sourceOffset == offset
      case .shard: (try? ShardHead(record.id, bytes: bytes))?.partialsOffset == offset
      case .ids, .segment, .instance: false
      }
    }
  }

  private func idPieces(
    of source: TopicPartition, _ checkpoint: LaneCheckpoint, from start: Int64?
  ) throws -> (pieces: [(PieceID, [UInt8])], offsets: [UInt64: Int64]) {
    guard let last = checkpoint.ids else { return ([], [:]) }
    var pieces = Pieces()
    let isDone = { pieces.isWhole(last) }
    try log.read(topic.idPieces(source), from: start, isDone: isDone) { record in
      if let value = record.value, topic.isKey(record.key, of: source, .ids) {
        pieces.take(try StateRecord(value), offset: record.offset)
      }
      return !pieces.isWhole(last)
    }
    return try chain(source, from: last, downTo: checkpoint.firstIDs, pieces) { try IDPiece($1).previous }
  }

  /// Follows the pieces from the newest back to the oldest that is needed; gives them oldest first.
  private func chain(
    _ source: TopicPartition, from last: PieceID, downTo first: UInt64, _ pieces: Pieces,
    previous: (PieceID, UnsafeRawBufferPointer) throws -> PieceID?
  ) throws -> (pieces: [(PieceID, [UInt8])], offsets: [UInt64: Int64]) {
    var chain: [(PieceID, [UInt8])] = []
    var offsets: [UInt64: Int64] = [:]
    var next: PieceID? = last
    while let id = next, id.sequence >= first {
      guard pieces.isWhole(id), let piece = pieces.all[id] else {
        throw RestoreError.missingPiece(source, topic: topic.topics.checkpoints)
      }
      chain.append((id, piece.record.contents))
      offsets[id.sequence] = piece.offset
      next = try piece.record.contents.withUnsafeBytes { try previous(id, $0) }
    }
    return (chain.reversed(), offsets)
  }

  // MARK: Shards

  /// The state that belongs to the committed offset of a shard's partials.
  package func shard(_ shard: Int, committed: PartitionOffset?) throws -> Found<Shard> {
    guard let committed else { return .nothing(isOfOtherPlan: false) }
    let metadata = committed.metadata.flatMap(CommitMetadata.init)
    var pieces = Pieces()
    let isDone = { metadata == nil && pieces.order.contains { matches(pieces.all[$0]!.record, committed.offset) } }
    try log.read(topic.changelog(shard: shard), from: metadata?.start, isDone: isDone) { record in
      if let value = record.value, topic.isKey(record.key, ofShard: shard) {
        pieces.take(try StateRecord(value), offset: record.offset)
      }
      return metadata == nil || record.offset < metadata!.head
    }
    for id in metadata.map({ [$0.id].filter(pieces.isWhole) }) ?? pieces.order.reversed() {
      let piece = pieces.all[id]!
      if piece.record.kind != .shard { continue }
      if piece.record.stateID != plan.stateID { return .nothing(isOfOtherPlan: true) }
      let head = try piece.record.contents.withUnsafeBytes { try ShardHead(id, bytes: $0) }
      if head.partialsOffset != committed.offset { continue }
      var offsets: [PieceID: Int64] = [:]
      let copies = try head.segments.map { segment -> [UInt8]? in
        guard let id = segment.id else { return nil }
        guard pieces.isWhole(id), let copy = pieces.all[id] else {
          throw RestoreError.missingPiece(committed.partition, topic: topic.topics.checkpoints)
        }
        offsets[id] = copy.offset
        return copy.record.contents
      }
      return .state(Shard(head: head, copies: copies, offsets: offsets))
    }
    throw RestoreError.noCheckpoint(committed.partition, offset: committed.offset, topic: topic.topics.checkpoints)
  }
}
