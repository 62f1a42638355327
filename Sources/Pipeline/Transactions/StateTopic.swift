import Foundation
import Kafka
import LiveEvents
import WindowEngine

/// Where state lies: which partitions of the checkpoints topic, under which keys, and what a committed offset says.
package struct StateTopic: Sendable {
  /// Pieces that exist at the same time under different keys: more than ``PieceLog`` lets a restore need, so that
  /// compaction never takes away one that is needed.
  private static let keySlots: UInt64 = 16_384

  let topics: Configuration.Topics
  let shards: Int
  let partitions: Int

  /// The partitions a new topic is created with: checkpoints of lanes, their ids, and changelogs of shards lie apart,
  /// so that a restore reads little else; the last one tells who holds an instance's name.
  package static func partitionCount(shards: Int) -> Int { 3 * shards + 1 }

  package init(topics: Configuration.Topics, shards: Int, partitions: Int) {
    self.topics = topics
    self.shards = shards
    self.partitions = partitions
  }

  /// Any number of partitions serves; fewer make a restore read more.
  private func partition(_ row: Int, _ column: Int) -> TopicPartition {
    let number =
      partitions >= Self.partitionCount(shards: shards) ? row * shards + column % shards : column % partitions
    return TopicPartition(topics.checkpoints, Int32(number))
  }

  package var shardCount: Int { shards }
  package var topicNames: Configuration.Topics { topics }

  package func lanePieces(_ source: TopicPartition) -> TopicPartition { partition(0, place(source)) }
  func idPieces(_ source: TopicPartition) -> TopicPartition { partition(1, place(source)) }
  func changelog(shard: Int) -> TopicPartition { partition(2, shard) }
  var claims: TopicPartition { TopicPartition(topics.checkpoints, Int32(partitions - 1)) }

  private func place(_ source: TopicPartition) -> Int {
    Int(source.partition) * 2 + (source.topic == topics.purchases ? 0 : 1)
  }

  // MARK: Keys

  func key(_ source: TopicPartition, _ record: StateRecord) -> [UInt8] {
    key("\(record.kind == .ids ? "ids" : "lane")|\(source.topic)|\(source.partition)", record)
  }

  func key(shard: Int, _ record: StateRecord) -> [UInt8] { Array("shard|\(shard)|head|\(record.part)".utf8) }

  func key(shard: Int, segment: Int, _ record: StateRecord) -> [UInt8] {
    Array("shard|\(shard)|\(segment)|\(record.part)".utf8)
  }

  func key(instance: String) -> [UInt8] { Array("instance|\(instance)".utf8) }

  private func key(_ owner: String, _ record: StateRecord) -> [UInt8] {
    Array("\(owner)|\(record.id.sequence % Self.keySlots)|\(record.part)".utf8)
  }

  /// Whether a key is one of the source partition's.
  func isKey(_ key: UnsafeRawBufferPointer, of source: TopicPartition, _ kind: StateRecord.Kind) -> Bool {
    starts(key, "\(kind == .ids ? "ids" : "lane")|\(source.topic)|\(source.partition)|")
  }

  /// The checkpoint of a source partition that a record holds, if it holds one.
  package func checkpoint(in value: UnsafeRawBufferPointer, key: [UInt8], of source: TopicPartition) -> LaneCheckpoint?
  {
    guard key.withUnsafeBytes({ isKey($0, of: source, .lane) }), let record = try? StateRecord(value), record.part == 0
    else { return nil }
    return record.contents.withUnsafeBytes { try? LaneCheckpoint(record.id, bytes: $0) }
  }

  func isKey(_ key: UnsafeRawBufferPointer, ofShard shard: Int) -> Bool { starts(key, "shard|\(shard)|") }

  private func starts(_ key: UnsafeRawBufferPointer, _ prefix: String) -> Bool { key.starts(with: prefix.utf8) }
}

/// What is committed along with an offset: the checkpoint that belongs to it, and where it lies in the log.
///
/// Text: `v1 GENERATION SEQUENCE HEAD START IDS`, the generation in hexadecimal, then decimal offsets, `-` where there
/// is none: of the checkpoint's record, of the oldest record that is needed, and of the oldest one with ids.
package struct CommitMetadata: Equatable {
  package var id: PieceID
  package var head: Int64
  package var start: Int64
  package var ids: Int64?

  package var text: String {
    "v1 \(String(id.generation, radix: 16)) \(id.sequence) \(head) \(start) \(ids.map(String.init) ?? "-")"
  }

  package init(id: PieceID, head: Int64, start: Int64, ids: Int64? = nil) {
    self.id = id
    self.head = head
    self.start = start
    self.ids = ids
  }

  /// `nil` if the text is not of this form.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0] == "v1", let generation = UInt64(words[1], radix: 16),
      let sequence = UInt64(words[2]), let head = Int64(words[3]), let start = Int64(words[4])
    else { return nil }
    self.init(
      id: PieceID(generation: generation, sequence: sequence), head: head, start: start, ids: Int64(words[5]))
  }
}
