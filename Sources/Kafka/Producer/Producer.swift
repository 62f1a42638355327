import CLibrdkafka
import Logging

/// A producer that never sends a record twice and never loses one silently; with `transactional.id` set, a
/// transactional one.
///
///     let producer = try Producer(properties: properties, logger: logger)
///     try producer.produce(topic: "purchases", key: Array("s1".utf8), value: Array(json.utf8))
///     try producer.flush(timeoutMilliseconds: 5000)
///     if let failure = producer.deliveries.firstFailure { ... }
///
/// Thread rule: one owner thread calls everything here. librdkafka blocks every signal in its own threads and writes to
/// sockets without SIGPIPE; it installs no handler.
public final class Producer: @unchecked Sendable {
  /// How many records are produced between two looks at what was delivered: often enough that reports do not pile up,
  /// seldom enough not to be felt.
  private static let recordsPerPoll = 256

  let client: ClientHandle
  private var recordsSincePoll = 0

  /// Creates the client. Nothing is sent yet, so a wrong address shows up later, as an error event or a timeout.
  ///
  /// `enable.idempotence` is on unless set, and the partitioner is Java's (`murmur2_random`), so that records of
  /// producers in either language meet in the same partitions.
  public init(properties: ClientProperties, logger: Logger) throws(KafkaError) {
    client = try ClientHandle(
      .producer, properties: properties,
      defaults: ["enable.idempotence": "true", "partitioner": "murmur2_random"], logger: logger)
  }

  /// Queues a copy of a record for sending.
  ///
  /// A nil `value` is a tombstone. Without `partition` the key chooses it. `timestampMilliseconds` 0 means now. While
  /// the local queue is full this waits for deliveries, at most `timeoutMilliseconds`, then throws
  /// ``KafkaErrorKind/queueFull``. The offset of a record with a `ticket`, which is not 0, is found under it in
  /// ``DeliveryReport/offsets`` once it is delivered.
  public func produce(
    topic: String, partition: Int32? = nil, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
    headers: [Header] = [], timestampMilliseconds: Int64 = 0, timeoutMilliseconds: Int = 30_000, ticket: Int = 0
  ) throws(KafkaError) {
    let headerList = headers.isEmpty ? nil : Self.headerList(headers)
    let partitionNumber = partition ?? Int32(RD_KAFKA_PARTITION_UA)
    var code = send(topic, partitionNumber, key, value, headerList, timestampMilliseconds, ticket)
    if code == RD_KAFKA_RESP_ERR__QUEUE_FULL {
      let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
      repeat {
        rd_kafka_poll(client.pointer, 10)
        code = send(topic, partitionNumber, key, value, headerList, timestampMilliseconds, ticket)
      } while code == RD_KAFKA_RESP_ERR__QUEUE_FULL && ContinuousClock.now < deadline
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      if let headerList { rd_kafka_headers_destroy(headerList) }
      if code == RD_KAFKA_RESP_ERR__FATAL, let fatalError { throw fatalError }
      throw KafkaError(code: code, operation: "produce a record", topic: topic, partition: partition)
    }
    recordsSincePoll += 1
    if recordsSincePoll >= Self.recordsPerPoll { poll(timeoutMilliseconds: 0) }
  }

  /// The same for arrays.
  public func produce(
    topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [Header] = [],
    timestampMilliseconds: Int64 = 0, timeoutMilliseconds: Int = 30_000, ticket: Int = 0
  ) throws(KafkaError) {
    try withBytes(of: key) { (key) throws(KafkaError) in
      try withBytes(of: value) { (value) throws(KafkaError) in
        try produce(
          topic: topic, partition: partition, key: key, value: value, headers: headers,
          timestampMilliseconds: timestampMilliseconds, timeoutMilliseconds: timeoutMilliseconds, ticket: ticket)
      }
    }
  }

  /// Takes in delivery reports, errors and statistics, waiting at most `timeoutMilliseconds` for the first.
  public func poll(timeoutMilliseconds: Int) {
    recordsSincePoll = 0
    rd_kafka_poll(client.pointer, librdkafkaTimeout(timeoutMilliseconds))
  }

  /// The next error or statistics that an earlier call took in. Old ones give way to newer ones when nobody asks.
  public func nextEvent() -> ClientEvent? { client.inbox.next() }

  /// What became of the records since the producer was made or ``resetDeliveries()`` was called, as of the last poll
  /// or flush.
  public var deliveries: DeliveryReport { client.inbox.deliveries }

  /// Starts ``deliveries`` anew.
  public func resetDeliveries() { client.inbox.deliveries = DeliveryReport() }

  /// Records that are neither delivered nor given up yet, and delivery reports that were not yet polled.
  public var outstanding: Int { Int(rd_kafka_outq_len(client.pointer)) }

  /// Waits until nothing is outstanding. Records may have failed all the same: see ``deliveries``.
  public func flush(timeoutMilliseconds: Int) throws(KafkaError) {
    let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
    var left = timeoutMilliseconds
    repeat {
      // An error that is reported meanwhile ends the call before its time.
      let code = rd_kafka_flush(client.pointer, librdkafkaTimeout(left))
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return }
      left = Int((deadline - .now) / .milliseconds(1))
    } while left > 0
    throw KafkaError(code: RD_KAFKA_RESP_ERR__TIMED_OUT, operation: "flush \(outstanding) outstanding records")
  }

  /// Gives up every record that is queued or on its way; each is reported as failed.
  public func purge() {
    rd_kafka_purge(client.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    poll(timeoutMilliseconds: 0)
  }

  /// The error that made this producer unusable, such as being fenced; nil while it is usable.
  public var fatalError: KafkaError? { .fatal(of: client.pointer) }

  private func send(
    _ topic: String, _ partition: Int32, _ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?,
    _ headers: OpaquePointer?, _ timestamp: Int64, _ ticket: Int
  ) -> rd_kafka_resp_err_t {
    lt_produce(
      client.pointer, topic, partition, key.map(Self.address), key?.count ?? 0, value.map(Self.address),
      value?.count ?? 0, headers, timestamp, UnsafeMutableRawPointer(bitPattern: ticket))
  }

  /// An empty buffer may have no address, which librdkafka would take for "none".
  private static func address(of bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
    bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
  }

  private static func headerList(_ headers: [Header]) -> OpaquePointer? {
    let list = rd_kafka_headers_new(headers.count)
    for header in headers {
      // An empty array's bytes may have no address; librdkafka copies nothing when the length is 0.
      withBytes(of: header.value) { bytes in
        _ = rd_kafka_header_add(list, header.name, -1, bytes.map(address), bytes?.count ?? 0)
      }
    }
    return list
  }
}

private func withBytes<Failure: Error>(
  of bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Void
) throws(Failure) {
  guard let bytes else { return try body(nil) }
  var result: Result<Void, Failure> = .success(())
  bytes.withUnsafeBytes { buffer in
    do throws(Failure) { try body(buffer) } catch { result = .failure(error) }
  }
  try result.get()
}
