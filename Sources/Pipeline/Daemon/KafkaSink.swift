import Foundation
import Kafka
import Logging
import WindowEngine

/// Publishes records of one rollup to the output topics, and shows them to observers in the same process.
final class KafkaSink: RecordSink, @unchecked Sendable {
  /// How long a full queue is waited for: as long as librdkafka tries to deliver, after which that ends the daemon.
  static let queueFullMilliseconds = 300_000

  private let producer: Producer
  private let topics: Configuration.Topics
  private let observers: [any RecordObserver]
  private let statistics: DaemonStatistics

  init(
    properties: ClientProperties, topics: Configuration.Topics, observers: [any RecordObserver],
    statistics: DaemonStatistics, logger: Logger
  ) throws(KafkaError) {
    producer = try Producer(properties: properties, logger: logger)
    self.topics = topics
    self.observers = observers
    self.statistics = statistics
  }

  func deliver(_ records: RecordBuffer, shard: Int) throws {
    try records.visit { topic, key, value in
      try producer.produce(
        topic: name(topic), key: key, value: value, timeoutMilliseconds: Self.queueFullMilliseconds)
      for observer in observers { observer.observe(topic, key: key, value: value) }
    }
    statistics.published(records)
    try settle()
  }

  func settle() throws {
    producer.poll(timeoutMilliseconds: 0)
    if let failure = producer.deliveries.firstFailure { throw failure }
    if let error = producer.fatalError { throw error }
  }

  func finish() throws {
    try producer.flush(timeoutMilliseconds: 10_000)
    if let failure = producer.deliveries.firstFailure { throw failure }
  }

  private func name(_ topic: RecordBuffer.Topic) -> String {
    switch topic {
    case .metrics: topics.metrics
    case .live: topics.live
    case .leaderboards: topics.leaderboards
    }
  }
}

/// Sees every record that an instance publishes, e.g. to show it on a page. Called by any rollup's thread.
public protocol RecordObserver: Sendable {
  /// A record was handed to the producer; its bytes are valid during the call. `value` is `nil` for a tombstone.
  func observe(_ topic: RecordBuffer.Topic, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)
}

/// Writes events that were not counted to the rejects topic. Used by the committer only.
final class RejectTopic: @unchecked Sendable {
  /// A record's value and what surrounds it must stay below ``TopicLayout/maxRecordBytes``.
  private static let maxValueBytes = TopicLayout.maxRecordBytes - 4096

  private let producer: Producer
  private let topic: String
  private let sources: Sources

  init(properties: ClientProperties, topic: String, sources: Sources, logger: Logger) throws(KafkaError) {
    producer = try Producer(properties: properties, logger: logger)
    self.topic = topic
    self.sources = sources
  }

  func write(_ rejects: [Reject]) throws {
    for reject in rejects {
      let source = sources.partitions[reject.source]
      var headers = [
        Header("reason", reject.reason.rawValue), Header("detail", reject.detail), Header("topic", source.topic),
        Header("partition", String(source.partition)), Header("offset", String(reject.offset)),
      ]
      var value = reject.bytes
      if value.count > Self.maxValueBytes {
        // The record itself stays where its topic, partition and offset say.
        headers[1] = Header("detail", "\(value.count) bytes, more than a record of this topic may have; left out")
        value = []
      }
      try producer.produce(
        topic: topic, key: nil, value: value, headers: headers, timeoutMilliseconds: KafkaSink.queueFullMilliseconds)
    }
    producer.poll(timeoutMilliseconds: 0)
    if let failure = producer.deliveries.firstFailure { throw failure }
    if let error = producer.fatalError { throw error }
  }

  func finish() throws {
    try producer.flush(timeoutMilliseconds: 10_000)
    if let failure = producer.deliveries.firstFailure { throw failure }
  }
}
