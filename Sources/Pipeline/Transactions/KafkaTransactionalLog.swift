import Kafka
import Logging

/// A transactional producer of Kafka's.
final class KafkaTransactionalLog: TransactionalLog {
  /// A killed instance's open transaction holds readers back no longer than this, unless configured otherwise.
  static let transactionTimeoutMilliseconds = 5_000
  /// How long one call waits before it is looked whether the program is to end.
  private static let tryMilliseconds = 1_000
  /// How long a call may still take once the program is to end: an open transaction holds readers back.
  private static let endMilliseconds = 8_000
  /// How much longer than a transaction may last a call is made again and again: by then its coordinator has ended the
  /// transaction, and a broker may never answer this producer again while it answers a new one.
  private static let patienceMilliseconds = 2_000

  private let producer: Producer
  private let groupMetadata: () throws(KafkaError) -> ConsumerGroupMetadata
  /// Asked while a broker does not answer.
  var mayGoOn: () -> Bool
  private let timeoutMilliseconds: Int

  /// Registers `id`, which fences its previous holder. `mayGoOn` is asked while a broker does not answer.
  init(
    id: String, properties: ClientProperties, logger: Logger, mayGoOn: @escaping () -> Bool,
    groupMetadata: @escaping () throws(KafkaError) -> ConsumerGroupMetadata
  ) throws {
    var values = ["transactional.id": id]
    if properties["transaction.timeout.ms"] == nil {
      values["transaction.timeout.ms"] = String(Self.transactionTimeoutMilliseconds)
    }
    if properties["compression.type"] == nil && properties["compression.codec"] == nil {
      // Records of metrics repeat each other; lz4 costs less than sending them as they are.
      values["compression.type"] = "lz4"
    }
    let properties = try properties.setting(values)
    timeoutMilliseconds = properties["transaction.timeout.ms"].flatMap(Int.init) ?? Self.transactionTimeoutMilliseconds
    producer = try Producer(properties: properties, logger: logger)
    self.mayGoOn = mayGoOn
    self.groupMetadata = groupMetadata
    var isRegistered = false
    while !isRegistered {
      do {
        try producer.initializeTransactions(timeoutMilliseconds: Self.tryMilliseconds * 5)
        isRegistered = true
      } catch {
        // A broker that is away is waited for.
        let mayPass = error.kind == .retriable || error.kind == .timedOut || error.kind == .unreachable
        if !mayPass || !mayGoOn() { throw error }
        logger.warning("\(id) cannot be registered yet: \(error)")
      }
    }
  }

  func begin() throws(TransactionFailure) {
    producer.resetDeliveries()
    do { try producer.beginTransaction() } catch { throw Self.failure(error) }
  }

  func write(_ record: OutgoingRecord) throws(TransactionFailure) {
    do {
      try producer.produce(
        topic: record.topic, partition: record.partition, key: record.key, value: record.value,
        headers: record.headers, timeoutMilliseconds: timeoutMilliseconds, ticket: record.ticket)
    } catch { throw Self.failure(error) }
  }

  func write(
    topic: String, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
  ) throws(TransactionFailure) {
    do {
      try producer.produce(
        topic: topic, partition: partition, key: key, value: value, timeoutMilliseconds: timeoutMilliseconds)
    } catch { throw Self.failure(error) }
  }

  func flush() throws(TransactionFailure) -> [Int: Int64] {
    do {
      try producer.flush(timeoutMilliseconds: timeoutMilliseconds)
    } catch { throw Self.failure(error) }
    if let error = producer.deliveries.firstFailure { throw Self.failure(error) }
    return producer.deliveries.offsets
  }

  func commit(_ offsets: [PartitionOffset]) throws(TransactionFailure) {
    do {
      if !offsets.isEmpty {
        let metadata = try groupMetadata()
        try insist { () throws(KafkaError) in
          try producer.sendOffsets(offsets, groupMetadata: metadata, timeoutMilliseconds: Self.tryMilliseconds)
        }
      }
      try insist { () throws(KafkaError) in
        try producer.commitTransaction(timeoutMilliseconds: Self.tryMilliseconds)
      }
    } catch { throw Self.failure(error) }
  }

  func abort() throws(TransactionFailure) {
    do {
      try insist { () throws(KafkaError) in
        try producer.abortTransaction(timeoutMilliseconds: Self.tryMilliseconds)
      }
    } catch {
      // A transaction that can be neither committed nor aborted ends with its producer.
      throw .finished("\(error)")
    }
  }

  /// Makes the same call again while that is what the client asks for.
  private func insist(_ call: () throws(KafkaError) -> Void) throws(KafkaError) {
    let began = ContinuousClock.now
    let deadline = began + .milliseconds(timeoutMilliseconds + Self.patienceMilliseconds)
    let end = began + .milliseconds(Self.endMilliseconds)
    while true {
      do {
        try call()
        return
      } catch {
        let mayPass = error.kind == .retriable || error.kind == .timedOut
        let now = ContinuousClock.now
        let isToEnd = !mayGoOn()
        if !mayPass || now > deadline || (now > end && isToEnd) { throw error }
      }
    }
  }

  private static func failure(_ error: KafkaError) -> TransactionFailure {
    if error.isGroupChange { return .abort(.rebalance, "\(error)") }
    if error.isRecordTooLarge { return .abort(.recordTooLarge, "\(error)") }
    switch error.codeKind {
    case .fenced: return .finished("\(error)")
    case .authorizationRefused, .authenticationRefused, .badConfiguration: return .refused(error)
    default: break
    }
    switch error.kind {
    case .fenced, .fatal: return .finished("\(error)")
    case .timedOut, .queueFull: return .abort(.timeout, "\(error)")
    default: return .abort(error.codeKind == .timedOut ? .timeout : .broker, "\(error)")
    }
  }
}
