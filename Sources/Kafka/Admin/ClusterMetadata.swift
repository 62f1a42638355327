/// What a cluster says about itself and some of its topics.
public struct ClusterMetadata: Sendable, Equatable {
  /// One broker of the cluster.
  public struct Broker: Sendable, Hashable {
    /// Its number.
    public var id: Int32
    /// Where clients reach it.
    public var host: String
    /// Its port.
    public var port: Int32
  }

  /// The brokers, by number.
  public var brokers: [Broker]
  /// Every topic that was asked for and exists, with its number of partitions.
  public var partitionCounts: [String: Int]
  /// The topics that were asked for and do not exist.
  public var unknownTopics: [String]
}
