/// A topic to be created.
public struct TopicSpecification: Sendable, Hashable {
  /// The topic's name.
  public var name: String
  /// The number of partitions; -1 leaves it to the broker.
  public var partitions: Int
  /// The number of copies; -1 leaves it to the broker.
  public var replicationFactor: Int
  /// Topic settings, such as `cleanup.policy`.
  public var configuration: [String: String]

  /// Describes a topic.
  public init(
    _ name: String, partitions: Int, replicationFactor: Int = -1, configuration: [String: String] = [:]
  ) {
    self.name = name
    self.partitions = partitions
    self.replicationFactor = replicationFactor
    self.configuration = configuration
  }
}
