import CLibrdkafka

/// What a ``KafkaError`` means for whoever called, whichever of Kafka's many codes it came as.
public enum KafkaErrorKind: String, Sendable, CaseIterable {
  /// No broker could be reached; the client keeps trying by itself.
  case unreachable
  /// A broker or a TLS handshake refused who we are.
  case authenticationRefused
  /// A broker knows who we are and does not let us do this.
  case authorizationRefused
  /// The topic or partition does not exist.
  case unknownTopic
  /// A newer client with the same transactional id or group instance id took over; this one is finished.
  case fenced
  /// The client instance is unusable; only a new one helps.
  case fatal
  /// The same call may be made again.
  case retriable
  /// The open transaction must be aborted.
  case abortable
  /// The offset is not in the log: deleted, truncated, or never written.
  case offsetOutOfRange
  /// Time ran out.
  case timedOut
  /// The local queue stayed full for the whole of the time allowed.
  case queueFull
  /// The consumer group still has members.
  case groupInUse
  /// The broker does not offer this request.
  case unsupported
  /// The configuration does not allow this.
  case badConfiguration
  /// Anything else; see the code.
  case other

  init(code: rd_kafka_resp_err_t) {
    self = Self.kinds[code.rawValue] ?? .other
  }

  var advice: String? {
    switch self {
    case .unreachable: "check that bootstrap.servers names running brokers that this host can reach"
    case .authenticationRefused: "check security.protocol and the sasl.* and ssl.* properties"
    case .authorizationRefused: "grant this client's user access to it"
    case .unknownTopic: "create the topic or correct its name"
    case .fenced: "a newer client with the same identity took over; give every instance its own"
    case .fatal: "close this client and open a new one"
    case .retriable: "try again"
    case .abortable: "abort the transaction and send its records again"
    case .offsetOutOfRange: "records are missing from the log; decide where to go on reading"
    case .timedOut: "check the load on the brokers and the network, then try again"
    case .queueFull: "wait for deliveries, or raise queue.buffering.max.messages or queue.buffering.max.kbytes"
    case .groupInUse: "stop all of its members, then try again"
    case .unsupported: "the broker does not offer it; do it with the broker's own tools"
    case .badConfiguration: "correct the client's properties"
    case .other: nil
    }
  }

  private static let kinds: [Int32: KafkaErrorKind] = {
    var kinds: [Int32: KafkaErrorKind] = [:]
    for (kind, codes) in codesByKind {
      for code in codes { kinds[code.rawValue] = kind }
    }
    return kinds
  }()

  private static let codesByKind: [(KafkaErrorKind, [rd_kafka_resp_err_t])] = [
    (
      .unreachable,
      [
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
        RD_KAFKA_RESP_ERR__NODE_UPDATE,
      ]
    ),
    (
      .authenticationRefused,
      [
        RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE,
      ]
    ),
    (
      .authorizationRefused,
      [
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      ]
    ),
    (
      .unknownTopic,
      [
        RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
      ]
    ),
    (
      .fenced,
      [
        RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED,
      ]
    ),
    (.fatal, [RD_KAFKA_RESP_ERR__FATAL]),
    (
      .retriable,
      [
        RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
      ]
    ),
    (
      .offsetOutOfRange,
      [
        RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
        RD_KAFKA_RESP_ERR__NO_OFFSET, logTruncation,
      ]
    ),
    (
      .timedOut,
      [
        RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
      ]
    ),
    (.queueFull, [RD_KAFKA_RESP_ERR__QUEUE_FULL]),
    (.groupInUse, [RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP]),
    (
      .unsupported,
      [
        RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
        RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
      ]
    ),
    (
      .badConfiguration,
      [
        RD_KAFKA_RESP_ERR__INVALID_ARG, RD_KAFKA_RESP_ERR__NOT_CONFIGURED, RD_KAFKA_RESP_ERR_INVALID_CONFIG,
        RD_KAFKA_RESP_ERR__UNKNOWN_GROUP,
      ]
    ),
  ]

  /// RD_KAFKA_RESP_ERR__LOG_TRUNCATION, which headers before 2.1 lack.
  private static let logTruncation = rd_kafka_resp_err_t(rawValue: -139)
}
