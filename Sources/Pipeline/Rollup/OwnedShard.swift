import Kafka
import WindowEngine

/// A shard in the hands of this instance: its windows, how far its partials are read, and its changelog.
final class OwnedShard {
  let number: Int
  let shard: RollupShard
  var changelog: ShardChangelog
  /// The offset of the next record of the partials topic.
  private(set) var nextOffset: Int64
  /// Up to which offset commits are acknowledged.
  var committedOffset: Int64
  /// Bytes of partials that were taken since the last commit.
  var partialBytes = 0
  /// Where the copies of the segments lie.
  var copyOffsets: [PieceID: Int64]
  var lastCommit: Int64

  /// A shard that begins with the partials from `offset` on.
  init(_ number: Int, plan: EnginePlan, sources: Int, generation: UInt64, from offset: Int64, now: Int64) {
    self.number = number
    shard = RollupShard(plan: plan, mode: .continuous, sources: sources)
    changelog = ShardChangelog(generation: generation, partialsOffset: offset)
    nextOffset = offset
    committedOffset = offset
    copyOffsets = [:]
    lastCommit = now
  }

  /// A shard as its last owner left it; `partials` gives the records from one offset up to another.
  init(
    _ number: Int, plan: EnginePlan, sources: Int, generation: UInt64, restored: StateStore.Shard, now: Int64,
    partials: (_ from: Int64, _ to: Int64, _ body: (LogRecord) throws -> Void) throws -> Void
  ) throws {
    self.number = number
    let head = restored.head
    let shard = RollupShard(plan: plan, mode: .continuous, sources: sources)
    try shard.restore(head, copies: restored.copies)
    let first = head.segments.map(\.partialsOffset).min() ?? head.partialsOffset
    if first < head.partialsOffset {
      try partials(first, head.partialsOffset) { record in
        if let value = record.value { try shard.apply(partial: value, offset: record.offset) }
      }
    }
    try shard.resume(head)
    self.shard = shard
    changelog = ShardChangelog(
      generation: generation, after: head, copyBytes: restored.copies.map { $0?.count ?? 0 })
    nextOffset = head.partialsOffset
    committedOffset = head.partialsOffset
    copyOffsets = restored.offsets
    lastCommit = now
  }

  /// Takes a record of the partials topic.
  func take(_ value: UnsafeRawBufferPointer, offset: Int64) throws(StateError) {
    try shard.apply(partial: value, offset: offset)
    nextOffset = offset + 1
    partialBytes += value.count
  }
}
