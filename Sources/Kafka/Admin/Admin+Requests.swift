import CLibrdkafka

extension Admin {
  /// How long a cluster may take to say who its controller is; one that is starting needs a moment.
  private static let controllerMilliseconds = 3000

  /// Sends an admin request and waits for its result event, which the caller destroys.
  func perform(
    _ kind: rd_kafka_admin_op_t, _ timeoutMilliseconds: Int, operation: String,
    _ send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void
  ) throws(KafkaError) -> OpaquePointer {
    // First of all, a broker that cannot be reached or refuses us is told from one that cannot do it.
    let brokers = try metadata(of: [], timeoutMilliseconds: timeoutMilliseconds).brokers
    // This also keeps requests about groups from brokers without them: librdkafka 2.0.2 never ends after one.
    let wait = min(timeoutMilliseconds, Self.controllerMilliseconds)
    let controller = rd_kafka_controllerid(client.pointer, librdkafkaTimeout(wait))
    guard brokers.contains(where: { $0.id == controller }) else {
      throw KafkaError(
        code: RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, operation: operation,
        detail: "the cluster names no controller, to which such requests go")
    }
    let options = rd_kafka_AdminOptions_new(client.pointer, kind)
    defer { rd_kafka_AdminOptions_destroy(options) }
    rd_kafka_AdminOptions_set_request_timeout(options, librdkafkaTimeout(timeoutMilliseconds), nil, 0)
    let queue = rd_kafka_queue_new(client.pointer)
    defer { rd_kafka_queue_destroy(queue) }
    send(options, queue)
    // librdkafka answers at its own timeout; the second more only guards against waiting for ever.
    guard let event = rd_kafka_queue_poll(queue, librdkafkaTimeout(timeoutMilliseconds + 1000)) else {
      throw KafkaError(code: RD_KAFKA_RESP_ERR__TIMED_OUT, operation: operation)
    }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let detail = rd_kafka_event_error_string(event).map { String(cString: $0) }
      rd_kafka_event_destroy(event)
      throw KafkaError(code: code, operation: operation, detail: detail)
    }
    return event
  }
}
