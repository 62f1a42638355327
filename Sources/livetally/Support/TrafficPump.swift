import Foundation
import Kafka
import Logging
import Pipeline
import Synchronization
import Traffic

/// Produces generated traffic to the source topics.
final class TrafficPump: @unchecked Sendable {
  /// How far production may run ahead of the wall clock, ms: one sleep per so many events.
  private static let lead: Int64 = 10

  private let options: TrafficOptions
  private let topics: Configuration.Topics
  private let producer: Producer
  private let isPaced: Bool
  private let dropsBefore: Int64
  private let produced = Atomic<Int>(0)

  /// A paced pump sends each event when its arrival time has come; one that is not sends as fast as it can. Events
  /// that arrived before `dropsBefore`, ms since the epoch, are made but not sent: so payments and refunds of earlier
  /// orders are on their way from the start.
  init(
    options: TrafficOptions, topics: Configuration.Topics, properties: ClientProperties, isPaced: Bool,
    dropsBefore: Int64 = .min, logger: Logger
  ) throws {
    self.options = options
    self.topics = topics
    self.isPaced = isPaced
    self.dropsBefore = dropsBefore
    producer = try Producer(properties: properties, logger: logger)
  }

  /// Events produced so far.
  var count: Int { produced.load(ordering: .relaxed) }

  /// Produces `limit` events, or without end, until `isStopped`; returns what was made.
  func run(limit: Int?, isStopped: () -> Bool) throws -> TrafficSummary {
    var generator = TrafficGenerator(options)
    var made = 0
    while made < limit ?? .max {
      let event = generator.next()
      if event.arrivalTime < dropsBefore { continue }
      if isPaced {
        while event.arrivalTime > Self.now() + Self.lead {
          if isStopped() { break }
          producer.poll(timeoutMilliseconds: Int(min(50, max(1, event.arrivalTime - Self.now()))))
        }
      }
      if made % 1024 == 0 || isPaced, isStopped() { break }
      try producer.produce(
        topic: event.topic == .purchases ? topics.purchases : topics.viewers, key: event.sessionID, value: event.bytes,
        timestampMilliseconds: event.arrivalTime)
      made += 1
      produced.store(made, ordering: .relaxed)
      if made % 1024 == 0, let failure = producer.deliveries.firstFailure { throw failure }
    }
    try producer.flush(timeoutMilliseconds: 30_000)
    if let failure = producer.deliveries.firstFailure { throw failure }
    return generator.summary
  }

  static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
