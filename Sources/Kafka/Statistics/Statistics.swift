import Foundation

/// What a client tells about itself every `statistics.interval.ms` (librdkafka's STATISTICS.md), as far as it is of
/// use here.
public struct Statistics: Sendable, Equatable {
  /// The client's own name.
  public var client: String
  /// Milliseconds since the epoch when the figures were taken.
  public var timestampMilliseconds: Int64
  /// Operations that wait for the owner's poll.
  public var waitingOperations: Int
  /// Messages in the producer's queue and on their way.
  public var queuedMessages: Int
  /// Their bytes.
  public var queuedBytes: Int
  /// Connections and what they are doing.
  public var brokers: [Broker]
  /// Partitions that the client knows of.
  public var partitions: [Partition]

  /// One connection.
  public struct Broker: Sendable, Equatable {
    /// `host:port/id`.
    public var name: String
    /// librdkafka's word for it: `UP` is good.
    public var state: String
    /// Mean round-trip time in the interval, in microseconds.
    public var roundTripMicroseconds: Int
    /// Requests that wait for an answer.
    public var requestsInFlight: Int
  }

  /// One partition.
  public struct Partition: Sendable, Equatable {
    /// Which one.
    public var partition: TopicPartition
    /// librdkafka's word for what the fetcher does: `active` is good, `none` is not read here.
    public var fetchState: String
    /// Records that were fetched and not yet taken.
    public var fetchedMessages: Int
    /// Their bytes.
    public var fetchedBytes: Int
    /// Records between what was taken and the partition's end; nil: unknown.
    public var lag: Int64?
    /// The offset behind the last committed record that readers may see; nil: unknown.
    public var stableOffset: Int64?
    /// The offset behind the last record; nil: unknown.
    public var highOffset: Int64?
  }
}

extension Statistics {
  /// Reads librdkafka's JSON; nil when it is not of the form known.
  init?(json: UnsafeRawBufferPointer) {
    guard let document = try? JSONDecoder().decode(Document.self, from: Data(json)) else { return nil }
    client = document.name
    timestampMilliseconds = document.time * 1000
    waitingOperations = document.replyq
    queuedMessages = document.msgCnt
    queuedBytes = document.msgSize
    brokers = document.brokers.values
      .map {
        Broker(
          name: $0.name, state: $0.state, roundTripMicroseconds: $0.rtt?.avg ?? 0, requestsInFlight: $0.waitrespCnt)
      }
      .sorted { $0.name < $1.name }
    partitions = document.topics.values
      .flatMap { topic in
        topic.partitions.values.filter { $0.partition >= 0 }.map { $0.figures(topic: topic.topic) }
      }
      .sorted { $0.partition < $1.partition }
  }

  // librdkafka's own names.
  private struct Document: Decodable {
    var name: String
    var time: Int64  // seconds since the epoch
    var replyq: Int
    var msgCnt: Int
    var msgSize: Int
    var brokers: [String: BrokerDocument]
    var topics: [String: TopicDocument]

    enum CodingKeys: String, CodingKey {
      case name, time, replyq, brokers, topics
      case msgCnt = "msg_cnt"
      case msgSize = "msg_size"
    }
  }

  private struct BrokerDocument: Decodable {
    var name: String
    var state: String
    var rtt: WindowDocument?
    var waitrespCnt: Int

    enum CodingKeys: String, CodingKey {
      case name, state, rtt
      case waitrespCnt = "waitresp_cnt"
    }
  }

  private struct WindowDocument: Decodable {
    var avg: Int
  }

  private struct TopicDocument: Decodable {
    var topic: String
    var partitions: [String: PartitionDocument]
  }

  private struct PartitionDocument: Decodable {
    var partition: Int32
    var fetchState: String
    var fetchqCnt: Int
    var fetchqSize: Int
    var consumerLag: Int64
    var lsOffset: Int64
    var hiOffset: Int64

    enum CodingKeys: String, CodingKey {
      case partition
      case fetchState = "fetch_state"
      case fetchqCnt = "fetchq_cnt"
      case fetchqSize = "fetchq_size"
      case consumerLag = "consumer_lag"
      case lsOffset = "ls_offset"
      case hiOffset = "hi_offset"
    }

    func figures(topic: String) -> Partition {
      Partition(
        partition: TopicPartition(topic, partition), fetchState: fetchState, fetchedMessages: fetchqCnt,
        fetchedBytes: fetchqSize, lag: Self.known(consumerLag), stableOffset: Self.known(lsOffset),
        highOffset: Self.known(hiOffset))
    }

    private static func known(_ value: Int64) -> Int64? { value < 0 ? nil : value }
  }
}
