import Kafka

/// A topic that cannot be used as it is.
public enum TopicError: Error, CustomStringConvertible {
  case missingSources([String])
  case cannotCreate([String], reason: String)
  case partitionCount(topic: String, partitions: Int, expected: Int)

  public var description: String {
    switch self {
    case .missingSources(let topics):
      "there is no topic \(topics.joined(separator: " and no topic ")) to read: create it, or correct `topics` in the "
        + "configuration"
    case .cannotCreate(let topics, let reason):
      "the topics \(topics.joined(separator: ", ")) do not exist and could not be created: \(reason)"
    case .partitionCount(let topic, let partitions, let expected):
      "the topic \(topic) has \(partitions) partitions, but `shards` is \(expected): set shards to \(partitions), or "
        + "start anew with livetally reset"
    }
  }
}

/// The topics of a configuration: which are read, and how the others are created.
package struct TopicLayout {
  private static let timeoutMilliseconds = 10_000
  /// The largest record that is written: a rejected one of a topic whose limit was raised from the usual 1 MiB.
  static let maxRecordBytes = 16 << 20
  let topics: Configuration.Topics
  let shards: Int

  package init(_ configuration: Configuration) {
    topics = configuration.topics
    shards = configuration.shards
  }

  /// The topics that are read.
  package var sources: [String] { [topics.purchases, topics.viewers] }

  /// The topics that are written.
  package var outputs: [TopicSpecification] {
    [
      specification(topics.live, partitions: shards, policy: "compact"),
      specification(topics.metrics, partitions: shards, policy: "delete"),
      specification(topics.leaderboards, partitions: 1, policy: "delete"),
      TopicSpecification(
        topics.rejects, partitions: shards,
        configuration: ["cleanup.policy": "delete", "max.message.bytes": String(Self.maxRecordBytes)]),
      specification(topics.partials, partitions: shards, policy: "delete"),
      // Only segments that are no longer written to are compacted: small ones keep the topic small.
      TopicSpecification(
        topics.checkpoints, partitions: StateTopic.partitionCount(shards: shards),
        configuration: ["cleanup.policy": "compact", "segment.bytes": String(64 << 20)]),
    ]
  }

  private func specification(_ name: String, partitions: Int, policy: String) -> TopicSpecification {
    TopicSpecification(name, partitions: partitions, configuration: ["cleanup.policy": policy])
  }

  /// What the cluster has.
  struct Prepared {
    let sources: [TopicPartition]
    let state: StateTopic
  }

  /// The source partitions and where state lies, once the cluster has been asked; creates what is missing of the outputs.
  func prepare(_ admin: Admin) throws -> Prepared {
    let names = sources + outputs.map(\.name)
    let cluster = try admin.metadata(of: names, timeoutMilliseconds: Self.timeoutMilliseconds)
    let missing = sources.filter { cluster.partitionCounts[$0] == nil }
    if !missing.isEmpty { throw TopicError.missingSources(missing) }
    if let partitions = cluster.partitionCounts[topics.partials], partitions != shards {
      throw TopicError.partitionCount(topic: topics.partials, partitions: partitions, expected: shards)
    }
    let absent = outputs.filter { cluster.partitionCounts[$0.name] == nil }
    if !absent.isEmpty {
      do {
        try admin.createTopics(absent, timeoutMilliseconds: Self.timeoutMilliseconds)
      } catch {
        throw TopicError.cannotCreate(absent.map(\.name), reason: "\(error)")
      }
    }
    let state = StateTopic(
      topics: topics, shards: shards,
      partitions: cluster.partitionCounts[topics.checkpoints] ?? StateTopic.partitionCount(shards: shards))
    let partitions = sources.flatMap { topic in
      (0..<Int32(cluster.partitionCounts[topic]!)).map { TopicPartition(topic, $0) }
    }
    return Prepared(sources: partitions, state: state)
  }
}
