import Kafka
import Logging
import Testing

/// Long enough for a busy machine, short enough to fail while someone watches.
let patience = 30_000

let quietLogger: Logger = {
  var logger = Logger(label: "kafka-tests") { StreamLogHandler.standardError(label: $0) }
  logger.logLevel = .critical
  return logger
}()

/// A broker with one topic, and clients for it.
struct Bench {
  let broker: EmbeddedBroker
  let topic = "purchases"

  init(partitions: Int = 1) throws {
    broker = try EmbeddedBroker(logger: quietLogger)
    try broker.createTopic(topic, partitions: partitions)
  }

  func properties(_ more: [String: String] = [:]) throws -> ClientProperties {
    try ClientProperties(["bootstrap.servers": broker.bootstrapServers]).setting(more)
  }

  func producer(_ more: [String: String] = [:]) throws -> Producer {
    try Producer(properties: properties(more), logger: quietLogger)
  }

  func consumer(_ more: [String: String] = [:]) throws -> Consumer {
    try Consumer(properties: properties(more), logger: quietLogger)
  }

  func partition(_ number: Int32) -> TopicPartition { TopicPartition(topic, number) }

  /// Writes `count` records "0", "1", ... to one partition.
  func write(
    _ count: Int, to partition: Int32 = 0, _ more: [String: String] = [:],
    value: (Int) -> [UInt8] = { Array("\($0)".utf8) }
  ) throws {
    let producer = try producer(more)
    for number in 0..<count {
      try producer.produce(topic: topic, partition: partition, key: nil, value: value(number))
    }
    try producer.flush(timeoutMilliseconds: patience)
    #expect(producer.deliveries == DeliveryReport.delivered(count))
  }
}

extension DeliveryReport {
  static func delivered(_ count: Int) -> DeliveryReport {
    var report = DeliveryReport()
    report.delivered = UInt64(count)
    return report
  }
}

/// A record copied out of its batch.
struct Record: Equatable {
  var offset: Int64
  var key: [UInt8]?
  var value: [UInt8]?
  var timestampMilliseconds: Int64
  var headers: [Header]

  var text: String { String(decoding: value ?? [], as: UTF8.self) }
}

/// Everything that a queue gives until the end of its partition, or until `limit` records.
func readToEnd(_ queue: PartitionQueue, limit: Int = .max) throws -> (records: [Record], endOffset: Int64?) {
  var batch = MessageBatch(capacity: 64)
  var records: [Record] = []
  let deadline = ContinuousClock.now + .milliseconds(patience)
  while ContinuousClock.now < deadline {
    queue.consume(into: &batch, timeoutMilliseconds: 100)
    for index in 0..<batch.count {
      let message = batch[index]
      records.append(
        Record(
          offset: message.offset, key: message.key.map { Array($0) }, value: message.value.map { Array($0) },
          timestampMilliseconds: message.timestampMilliseconds, headers: batch.headers(at: index)))
    }
    if let error = batch.error { throw error }
    if let end = batch.endOffset { return (records, end) }
    if records.count >= limit { return (records, nil) }
  }
  Issue.record("the end of \(queue.partition) did not come in time")
  return (records, nil)
}

extension Consumer {
  /// Polls until `match` makes something of an event.
  func event<Found>(_ match: (ClientEvent) throws -> Found?) throws -> Found {
    let deadline = ContinuousClock.now + .milliseconds(patience)
    while ContinuousClock.now < deadline {
      if let event = poll(timeoutMilliseconds: 50), let found = try match(event) { return found }
    }
    Issue.record("the event did not come in time")
    throw Overdue()
  }
}

struct Overdue: Error {}

extension ClientEvent {
  var assigned: [TopicPartition]? { if case .assigned(let partitions) = self { partitions } else { nil } }
  var revoked: [TopicPartition]? { if case .revoked(let partitions, _) = self { partitions } else { nil } }
  var error: KafkaError? { if case .error(let error) = self { error } else { nil } }
  var statistics: Statistics? { if case .statistics(let statistics) = self { statistics } else { nil } }
}

/// The error of the kind expected that `body` throws.
func kafkaError(_ body: () throws -> Void) -> KafkaError? {
  do {
    try body()
    return nil
  } catch {
    return error as? KafkaError
  }
}
