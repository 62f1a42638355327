import CLibrdkafka

extension EmbeddedBroker {
  /// A kind of request, by Kafka's protocol number.
  public enum Request: Int16, Sendable {
    /// Records arrive.
    case produce = 0
    /// Records are asked for.
    case fetch = 1
    /// The ends of partitions are asked for.
    case listOffsets = 2
    /// Brokers and topics are asked for.
    case metadata = 3
    /// A group's offsets are committed, outside of transactions.
    case offsetCommit = 8
    /// A group's offsets are asked for.
    case offsetFetch = 9
    /// The broker in charge of a group or a transactional id is asked for.
    case findCoordinator = 10
    /// A member joins its group.
    case joinGroup = 11
    /// A member says that it lives.
    case heartbeat = 12
    /// A member leaves its group.
    case leaveGroup = 13
    /// A member asks for its assignment.
    case syncGroup = 14
    /// A producer registers.
    case initProducerId = 22
    /// A transaction extends to further partitions.
    case addPartitionsToTransaction = 24
    /// A transaction extends to a group's offsets.
    case addOffsetsToTransaction = 25
    /// A transaction is committed or aborted.
    case endTransaction = 26
    /// A group's offsets are put into a transaction.
    case transactionOffsetCommit = 28
  }

  /// An answer that the broker is told to give.
  public struct Fault: RawRepresentable, Sendable, Hashable {
    /// Kafka's error code, or one of librdkafka's own.
    public var rawValue: Int32

    /// Any error code of the Kafka protocol.
    public init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    private init(_ code: rd_kafka_resp_err_t) {
      rawValue = code.rawValue
    }

    /// The connection breaks instead of an answer.
    public static let disconnect = Fault(RD_KAFKA_RESP_ERR__TRANSPORT)
    /// The broker is no longer the partition's leader (passing).
    public static let notLeader = Fault(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
    /// The coordinator is not there (passing).
    public static let coordinatorNotAvailable = Fault(RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE)
    /// The record is too large (final for that record).
    public static let messageTooLarge = Fault(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    /// The client may not write to the topic.
    public static let topicAuthorizationFailed = Fault(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    /// A newer producer has the transactional id.
    public static let producerFenced = Fault(RD_KAFKA_RESP_ERR_PRODUCER_FENCED)
    /// The group has moved on to a newer generation.
    public static let illegalGeneration = Fault(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
    /// The group no longer knows the member.
    public static let unknownMember = Fault(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
    /// The group is rebalancing.
    public static let rebalanceInProgress = Fault(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
    /// The topic does not exist.
    public static let unknownTopic = Fault(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    /// The offset is not in the log.
    public static let offsetOutOfRange = Fault(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
  }

  /// Answers the next requests of this kind with these faults, one each, then as usual.
  public func inject(_ faults: [Fault], into request: Request) {
    let codes = faults.map { rd_kafka_resp_err_t(rawValue: $0.rawValue) }
    rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
  }

  /// Forgets injected faults that were not yet given.
  public func clearFaults(of request: Request) {
    rd_kafka_mock_clear_request_errors(cluster, request.rawValue)
  }

  /// Makes the broker answer every question about a topic with this fault; nil ends it.
  public func setFault(_ fault: Fault?, of topic: String) {
    rd_kafka_mock_topic_set_error(cluster, topic, rd_kafka_resp_err_t(rawValue: fault?.rawValue ?? 0))
  }

  /// Breaks the connections of a broker (numbered from 1) or of all, and refuses new ones.
  public func takeDown(broker: Int32? = nil) {
    rd_kafka_mock_broker_set_down(cluster, broker ?? -1)
  }

  /// Lets a broker, or all, accept connections again.
  public func bringUp(broker: Int32? = nil) {
    rd_kafka_mock_broker_set_up(cluster, broker ?? -1)
  }

  /// Delays every answer of a broker, or of all.
  public func setLatency(milliseconds: Int, broker: Int32? = nil) {
    rd_kafka_mock_broker_set_rtt(cluster, broker ?? -1, Int32(milliseconds))
  }

  /// Makes a broker, or with -1 none, the leader of a partition.
  public func setLeader(of partition: TopicPartition, broker: Int32) {
    rd_kafka_mock_partition_set_leader(cluster, partition.topic, partition.partition, broker)
  }
}
