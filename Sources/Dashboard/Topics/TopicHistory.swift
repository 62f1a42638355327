import Foundation
import Kafka
import Logging

/// Reads what the metrics topic tells of the time before the dashboard began, once, within bounds: the newest records
/// of each partition for the trends, and further back, at some places, the platform's day for its curve.
final class TopicHistory: @unchecked Sendable {
  /// The newest records that are read of all partitions together: with 1 000 keys that is minutes, in a small shop the
  /// day.
  static let newestRecords: Int64 = 200_000
  /// Places further back at which the day's total is looked for, and how many records each may cost.
  static let places: Int64 = 48
  static let recordsPerPlace = 20_000
  /// The pause after each batch: at most about 100 000 records a second, so that starting engine and page together
  /// does not hold the engine up.
  private static let pauseSeconds = 0.01
  private static let batchRecords = 1024
  private static let waitMilliseconds = 200
  /// A partition that gives nothing for so many waits is left.
  private static let waits = 10
  private static let timeoutMilliseconds = 5_000

  private let board: LiveBoard
  private let topic: String
  private let properties: ClientProperties
  private let logger: Logger
  private let ended = DispatchSemaphore(value: 0)

  init(board: LiveBoard, topic: String, properties: ClientProperties, logger: Logger) {
    self.board = board
    self.topic = topic
    self.properties = properties
    self.logger = logger
  }

  /// Reads on a thread of its own, for as long as `goesOn` says.
  func start(while goesOn: @escaping @Sendable () -> Bool) {
    let thread = Thread { [self] in
      do {
        try read(goesOn)
      } catch {
        logger.warning("the trends begin now, their past cannot be read", metadata: ["error": "\(error)"])
      }
      ended.signal()
    }
    thread.name = "history"
    thread.start()
  }

  /// Waits for the end.
  func wait() {
    ended.wait()
    ended.signal()
  }

  private func read(_ goesOn: () -> Bool) throws {
    let admin = try Admin(properties: properties, logger: logger)
    let cluster = try admin.metadata(of: [topic], timeoutMilliseconds: Self.timeoutMilliseconds)
    guard let count = cluster.partitionCounts[topic], count > 0 else { return }
    let consumer = try Consumer(properties: properties, logger: logger)
    defer { consumer.close(timeoutMilliseconds: 0) }
    for number in 0..<Int32(count) where goesOn() {
      let partition = TopicPartition(topic, number)
      let marks = try consumer.watermarks(of: partition, timeoutMilliseconds: Self.timeoutMilliseconds)
      let start = max(marks.low, marks.high - Self.newestRecords / Int64(count))
      let hasDay = try read(partition, of: consumer, from: start, to: marks.high, goesOn)
      guard hasDay, start > marks.low else { continue }
      for place in (0..<Self.places).reversed() where goesOn() {
        let from = marks.low + (start - marks.low) * place / Self.places
        let to = min(start, from + Int64(Self.recordsPerPlace))
        _ = try read(partition, of: consumer, from: from, to: to, goesOn, untilDay: true)
      }
    }
  }

  /// Reads a stretch of a partition; whether a platform's record of a window with a start was in it.
  private func read(
    _ partition: TopicPartition, of consumer: Consumer, from: Int64, to: Int64, _ goesOn: () -> Bool,
    untilDay: Bool = false
  ) throws -> Bool {
    guard from < to else { return false }
    let queue = try consumer.assign([(partition, .offset(from))])[0]
    defer { try? consumer.unassign([partition]) }
    var batch = MessageBatch(capacity: Self.batchRecords)
    defer { batch.reset() }
    var hasDay = false
    var waits = 0
    while goesOn(), waits < Self.waits {
      _ = consumer.poll(timeoutMilliseconds: 0)
      let count = queue.consume(into: &batch, timeoutMilliseconds: Self.waitMilliseconds)
      waits = count == 0 ? waits + 1 : 0
      for i in 0..<count {
        guard batch[i].offset < to else { return hasDay }
        guard let key = batch[i].key, let value = batch[i].value else { continue }
        let name = Array(key)
        board.recall(key: name, value: Array(value))
        if let parts = RecordKey(name), parts.group.isEmpty, parts.hasStart {
          hasDay = true
          if untilDay { return true }
        }
      }
      if batch.endOffset != nil || (count > 0 && batch[count - 1].offset + 1 >= to) { return hasDay }
      if count > 0 { Thread.sleep(forTimeInterval: Self.pauseSeconds) }
    }
    return hasDay
  }
}
