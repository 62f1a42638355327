import CLibrdkafka
import Logging

/// A member of a consumer group, or a plain reader of partitions that it assigns to itself.
///
///     let consumer = try Consumer(properties: properties, logger: logger)
///     try consumer.subscribe(to: ["purchases", "viewers"])
///     while running {
///       switch consumer.poll(timeoutMilliseconds: 100) {
///       case .assigned(let partitions):
///         let queues = try consumer.assign(partitions.map { ($0, .committed) })
///         ...                                       // hand the queues to lanes
///       case .revoked(let partitions, let lost):
///         ...                                       // stop the lanes, commit unless lost
///         try consumer.unassign(partitions)
///       ...
///       }
///     }
///     consumer.close(timeoutMilliseconds: 5000)
///
/// Records never come out of `poll`; each partition has its own ``PartitionQueue``.
///
/// Thread rule: one owner thread calls everything here except ``groupMetadata()``, ``watermarks(of:timeoutMilliseconds:)``
/// and ``interrupt()``, which any thread may. The owner polls at least every `max.poll.interval.ms`, or the group takes
/// the partitions away.
///
/// librdkafka blocks every signal in its own threads and writes to sockets without SIGPIPE; it installs no handler.
public final class Consumer: @unchecked Sendable {
  /// How long a consumer that nobody closed may take to leave its group.
  private static let lastResortMilliseconds = 500

  let client: ClientHandle
  private var queues: [TopicPartition: WeakQueue] = [:]
  private var isClosed = false
  private var isLeaving = false

  /// Creates the client. Nothing is sent yet, so a wrong address shows up later, as an event.
  ///
  /// Without `group.id` the consumer can only ``assign(_:)``. `isolation.level` is `read_committed` unless set.
  public init(properties: ClientProperties, logger: Logger) throws(KafkaError) {
    client = try ClientHandle(
      .consumer, properties: properties,
      // librdkafka needs a group even for a plain reader, which never joins it.
      defaults: ["isolation.level": "read_committed", "group.id": "livetally-reader"],
      fixed: ClientProperties.reserved.mapValues(\.value), logger: logger)
    rd_kafka_poll_set_consumer(client.pointer)
  }

  deinit {
    close(timeoutMilliseconds: Self.lastResortMilliseconds)
  }

  /// Joins the group for these topics. The assignment comes as an event.
  public func subscribe(to topics: [String]) throws(KafkaError) {
    let operation = "subscribe to \(topics.joined(separator: ", "))"
    let list = TopicPartitionList(topics.map { TopicPartition($0, Int32(RD_KAFKA_PARTITION_UA)) })
    try check(rd_kafka_subscribe(client.pointer, list.pointer), operation: operation)
    isLeaving = false
  }

  /// Leaves the group in an orderly way: the partitions come back as a ``ClientEvent/revoked(_:lost:)`` event, to be
  /// finished and acknowledged as always. Then ``close(timeoutMilliseconds:)`` is quick.
  public func unsubscribe() throws(KafkaError) {
    try check(rd_kafka_unsubscribe(client.pointer), operation: "leave the group")
    isLeaving = true
  }

  /// The next event, waiting at most `timeoutMilliseconds`. Counts as a sign of life to the group.
  public func poll(timeoutMilliseconds: Int) -> ClientEvent? {
    if let event = client.inbox.next() { return event }
    if let message = rd_kafka_consumer_poll(client.pointer, librdkafkaTimeout(timeoutMilliseconds)) {
      // With every partition in its own queue only errors of topics and of the group arrive here.
      defer { rd_kafka_message_destroy(message) }
      client.inbox.append(.error(error(from: message)))
    }
    return client.inbox.next()
  }

  /// Ends a `poll` that waits in another thread.
  public func interrupt() {
    guard let queue = rd_kafka_queue_get_consumer(client.pointer) else { return }
    rd_kafka_queue_yield(queue)
    rd_kafka_queue_destroy(queue)
  }

  /// Starts reading partitions, each from its start, and completes an ``ClientEvent/assigned(_:)`` event. A consumer
  /// that has not subscribed calls it on its own account.
  ///
  /// In an eager group the given partitions are the whole assignment, otherwise they come on top. Returns their queues
  /// in the order given.
  public func assign(_ starts: [(partition: TopicPartition, start: StartOffset)]) throws(KafkaError)
    -> [PartitionQueue]
  {
    if !client.pointer.rebalancesIncrementally { closeQueues(except: Set(starts.map(\.partition))) }
    var opened: [PartitionQueue] = []
    for (partition, _) in starts {
      queues[partition]?.queue?.close()
      let queue = try PartitionQueue(partition, of: self)
      queues[partition] = WeakQueue(queue: queue)
      opened.append(queue)
    }
    client.inbox.awaitsAnswer = false
    let list = TopicPartitionList(starts)
    if client.pointer.rebalancesIncrementally {
      try check(rd_kafka_incremental_assign(client.pointer, list.pointer), operation: "take over partitions")
    } else {
      try check(rd_kafka_assign(client.pointer, list.pointer), operation: "take over partitions")
    }
    return opened
  }

  /// Stops reading partitions and completes a ``ClientEvent/revoked(_:lost:)`` event; in an eager group that is
  /// always all of them. Their queues are empty from now on.
  public func unassign(_ partitions: [TopicPartition]) throws(KafkaError) {
    client.inbox.awaitsAnswer = false
    if client.pointer.rebalancesIncrementally {
      let list = TopicPartitionList(partitions)
      try check(rd_kafka_incremental_unassign(client.pointer, list.pointer), operation: "give partitions back")
    } else {
      try check(rd_kafka_assign(client.pointer, nil), operation: "give partitions back")
      closeQueues()
    }
    for partition in partitions { queues.removeValue(forKey: partition)?.queue?.close() }
  }

  private func closeQueues(except kept: Set<TopicPartition> = []) {
    for (partition, queue) in queues where !kept.contains(partition) {
      queue.queue?.close()
      queues[partition] = nil
    }
  }

  /// The error that made this consumer unusable; nil while it is usable.
  public var fatalError: KafkaError? { .fatal(of: client.pointer) }

  /// Leaves the group and stops. Partitions still assigned are given back without asking anyone. Never waits longer
  /// than `timeoutMilliseconds`: a member that could not say goodbye is missed after `session.timeout.ms`.
  ///
  /// The client itself goes away with the last queue and batch that hold memory of it. Where the broker does not
  /// answer the goodbye, librdkafka takes up to 5 s more for that.
  public func close(timeoutMilliseconds: Int) {
    guard !isClosed else { return }
    isClosed = true
    closeQueues()
    let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
    client.inbox.acknowledgesRebalances = true
    // While the last partitions of an incremental group are being stopped, librdkafka would close without a goodbye.
    while isLeaving, !client.inbox.awaitsAnswer, isMember, ContinuousClock.now < deadline {
      if let message = rd_kafka_consumer_poll(client.pointer, 5) { rd_kafka_message_destroy(message) }
    }
    // What waits in the main queue would be out of reach once the client closes.
    while let message = rd_kafka_consumer_poll(client.pointer, 0) { rd_kafka_message_destroy(message) }
    let queue = rd_kafka_queue_new(client.pointer)
    defer { rd_kafka_queue_destroy(queue) }
    if let error = rd_kafka_consumer_close_queue(client.pointer, queue) {
      rd_kafka_error_destroy(error)
      return
    }
    // Without an answer to a rebalance the group membership never ends, and destroying the client hangs.
    if client.inbox.awaitsAnswer { rd_kafka_assign(client.pointer, nil) }
    while rd_kafka_consumer_closed(client.pointer) == 0, ContinuousClock.now < deadline {
      rd_kafka_queue_poll_callback(queue, 20)
    }
  }
}

extension Consumer {
  /// Whether the group has given this consumer a member id that it has not given back.
  private var isMember: Bool {
    guard let id = rd_kafka_memberid(client.pointer) else { return false }
    defer { rd_kafka_mem_free(client.pointer, id) }
    return id.pointee != 0
  }
}

private struct WeakQueue {
  weak var queue: PartitionQueue?
}

extension Consumer {
  func check(_ code: rd_kafka_resp_err_t, operation: String) throws(KafkaError) {
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code: code, operation: operation) }
  }

  func check(_ error: OpaquePointer?, operation: String) throws(KafkaError) {
    if let error = KafkaError(consuming: error, operation: operation) { throw error }
  }

  private func error(from message: UnsafeMutablePointer<rd_kafka_message_t>) -> KafkaError {
    var error = KafkaError(
      code: message.pointee.err, operation: "read",
      detail: rd_kafka_message_errstr(message).map { String(cString: $0) })
    if let topic = message.pointee.rkt {
      error = error.at(TopicPartition(String(cString: rd_kafka_topic_name(topic)), message.pointee.partition))
    }
    return error
  }
}
