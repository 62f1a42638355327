import Foundation
import Kafka
import Logging
import Synchronization

/// Keeps a ``LiveBoard`` up to date from the topics: all of `livetally.live` from its beginning on, the newest
/// leaderboards, and once, for the trends, what `livetally.metrics` tells of the time before.
///
/// It reads every partition whichever instance has written it, so a page shows the whole work of a group, also right
/// after a restart. It joins no group and commits nothing.
///
/// ```swift
/// let reader = TopicReader(board: board, topics: topics, properties: properties, logger: logger)
/// reader.start()
/// ...
/// reader.stop()
/// ```
public final class TopicReader: @unchecked Sendable {
  /// The names of the topics.
  public struct Topics: Sendable, Equatable {
    public var live: String
    public var metrics: String
    public var leaderboards: String

    public init(live: String, metrics: String, leaderboards: String) {
      self.live = live
      self.metrics = metrics
      self.leaderboards = leaderboards
    }
  }

  private static let batchRecords = 1024
  /// A page is updated twice a second, so a few large answers a second are enough; with many small ones the broker has
  /// less time for the engine.
  private static let fetchHints = ["fetch.min.bytes": "262144", "fetch.wait.max.ms": "200"]
  /// How long nothing to read is waited for: as much later than written a record may be seen.
  private static let idleMilliseconds = 20
  /// How often topics that do not exist yet are asked for, and how long after a fault reading begins anew.
  private static let retryMilliseconds = 500
  private static let metadataTimeoutMilliseconds = 5_000
  /// How long a program that ends waits for the reader: for it to leave its loop and close its client.
  private static let stopSeconds = 1.0
  /// How often new partitions are looked for.
  private static let metadataInterval = Duration.seconds(30)
  /// Leaderboards are written again with every change, so the newest records of the topic have all of them.
  private static let leaderboardRecords: Int64 = 2_000

  private let board: LiveBoard
  private let topics: Topics
  private let properties: ClientProperties
  private let logger: Logger
  private let isStopping = Atomic<Bool>(false)
  private let caughtUp = Atomic<Bool>(false)
  private let ended = DispatchSemaphore(value: 0)
  private let isStarted = Atomic<Bool>(false)
  /// What reads the time before the start, once; the reader's thread uses it alone.
  private var history: TopicHistory?

  /// Nothing is read before ``start()``.
  public init(board: LiveBoard, topics: Topics, properties: ClientProperties, logger: Logger) {
    self.board = board
    self.topics = topics
    self.properties = properties
    self.logger = logger
  }

  /// Whether everything that was there at the start has been read.
  public var isCaughtUp: Bool { caughtUp.load(ordering: .relaxed) }

  /// Reads on a thread of its own until ``stop()``. Faults are logged and overcome.
  public func start() {
    guard !isStarted.exchange(true, ordering: .relaxed) else { return }
    let thread = Thread { [self] in
      while !isEnding { attempt() }
      history?.wait()
      ended.signal()
    }
    thread.name = "topics"
    thread.start()
  }

  /// Ends reading. A client whose broker does not answer takes its time to end and is not waited for.
  public func stop() {
    guard !isStopping.exchange(true, ordering: .relaxed), isStarted.load(ordering: .relaxed) else { return }
    _ = ended.wait(timeout: .now() + Self.stopSeconds)
  }

  private var isEnding: Bool { isStopping.load(ordering: .relaxed) }

  private func attempt() {
    do {
      try read()
    } catch {
      logger.warning("the dashboard cannot read the topics, trying again", metadata: ["error": "\(error)"])
      pause()
    }
  }

  private func pause() { Thread.sleep(forTimeInterval: Double(Self.retryMilliseconds) / 1000) }

  // MARK: Following

  private struct Followed {
    var queue: PartitionQueue
    var topic: LiveBoard.Topic
    /// What lies before is as old as its time stamp says.
    var end: Int64
    var isBehind: Bool
  }

  private func read() throws {
    let admin = try Admin(properties: properties, logger: logger)
    let hints = Self.fetchHints.filter { properties[$0.key] == nil }
    let consumer = try Consumer(properties: properties.settingWhereKnown(hints), logger: logger)
    defer { consumer.close(timeoutMilliseconds: 0) }
    var batch = MessageBatch(capacity: Self.batchRecords)
    defer { batch.reset() }
    var followed: [Followed] = []
    var lastLook: ContinuousClock.Instant?
    while !isEnding {
      if lastLook.map({ .now - $0 >= Self.metadataInterval }) ?? true {
        followed += try newPartitions(admin, consumer, known: followed.map(\.queue.partition))
        guard followed.contains(where: { $0.topic == .live }) else {
          pause()
          continue
        }
        lastLook = .now
      }
      var isIdle = true
      for index in followed.indices {
        if try take(&followed[index], consumer, &batch) { isIdle = false }
      }
      if !isCaughtUp, followed.allSatisfy({ !$0.isBehind }) { caughtUp.store(true, ordering: .relaxed) }
      if isCaughtUp, history == nil {
        history = TopicHistory(board: board, topic: topics.metrics, properties: properties, logger: logger)
        history?.start(while: { [self] in !isEnding })
      }
      if case .error(let error) = consumer.poll(timeoutMilliseconds: isIdle ? Self.idleMilliseconds : 0) {
        logger.debug("dashboard", metadata: ["error": "\(error)"])
      }
    }
  }

  private func newPartitions(_ admin: Admin, _ consumer: Consumer, known: [TopicPartition]) throws -> [Followed] {
    let cluster = try admin.metadata(
      of: [topics.live, topics.leaderboards], timeoutMilliseconds: Self.metadataTimeoutMilliseconds)
    var added: [Followed] = []
    for (name, topic) in [(topics.live, LiveBoard.Topic.live), (topics.leaderboards, .leaderboards)] {
      for number in 0..<Int32(cluster.partitionCounts[name] ?? 0) {
        let partition = TopicPartition(name, number)
        if known.contains(partition) { continue }
        let marks = try consumer.watermarks(of: partition, timeoutMilliseconds: Self.metadataTimeoutMilliseconds)
        let start: StartOffset =
          topic == .live ? .beginning : .offset(max(marks.low, marks.high - Self.leaderboardRecords))
        let queue = try consumer.assign([(partition, start)])[0]
        added.append(Followed(queue: queue, topic: topic, end: marks.high, isBehind: marks.high > marks.low))
      }
    }
    return added
  }

  /// Takes what has come of a partition; whether that was anything.
  private func take(_ one: inout Followed, _ consumer: Consumer, _ batch: inout MessageBatch) throws -> Bool {
    let count = one.queue.consume(into: &batch)
    for i in 0..<count {
      let message = batch[i]
      guard let key = message.key else { continue }
      board.publish(
        topic: one.topic, key: Array(key), value: message.value.map(Array.init),
        timestampMilliseconds: message.offset < one.end ? message.timestampMilliseconds : nil)
    }
    if count > 0, batch[count - 1].offset + 1 >= one.end { one.isBehind = false }
    // The last offsets may be marks of transactions, which no reader sees.
    if batch.endOffset != nil { one.isBehind = false }
    if batch.error?.kind == .offsetOutOfRange {
      // What was deleted before it was read is no loss: what counts is the newest value of each key.
      batch.reset()
      one.queue = try consumer.assign([(one.queue.partition, .beginning)])[0]
    }
    return count > 0
  }
}
