import Foundation
import Kafka
import Logging
import Synchronization
import Testing
import WindowEngine

@testable import Pipeline

/// The daemon against a broker in the same process that is told to fail: each kind of error has its path, and after each
/// the totals are those of the events.
@Suite(.serialized) struct DaemonFaultTests {
  private static let logger: Logger = {
    var logger = Logger(label: "daemon-tests") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .critical
    return logger
  }()

  /// Sees the platform's total of the day as it is committed.
  private final class Wall: RecordObserver {
    private let state = Mutex((last: "", values: 0, falls: 0))

    var last: String { state.withLock { $0.last } }
    var falls: Int { state.withLock { $0.falls } }

    func observe(_ topic: RecordBuffer.Topic, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
      let key = String(decoding: key, as: UTF8.self)
      guard topic == .live, key.hasPrefix("day||"), let value else { return }
      let text = String(decoding: value, as: UTF8.self)
      let gmv = String(text.split(separator: "\"gmv\":", maxSplits: 1)[1].prefix { $0 != "," })
      state.withLock {
        if Double(gmv)! < Double($0.last) ?? 0 { $0.falls += 1 }
        $0.last = gmv
        $0.values += 1
      }
    }
  }

  /// A daemon with a broker of its own.
  private final class Bench {
    let broker: EmbeddedBroker
    let daemon: Daemon
    let wall = Wall()
    private let producer: Producer
    private var sent = 0
    private var worker: Worker?
    private let outcome = FirstFailure()

    init() throws {
      broker = try EmbeddedBroker(logger: DaemonFaultTests.logger)
      var configuration = Configuration.replayDefault
      configuration.kafka.merge(["bootstrap.servers": broker.bootstrapServers]) { $1 }
      configuration.kafka["reconnect.backoff.max.ms"] = "500"
      configuration.shards = 2
      configuration.time.commitInterval = 50
      configuration.http = nil
      let layout = TopicLayout(configuration)
      for topic in layout.sources { try broker.createTopic(topic, partitions: 2) }
      for topic in layout.outputs { try broker.createTopic(topic.name, partitions: topic.partitions) }
      producer = try Producer(
        properties: ClientProperties([
          "bootstrap.servers": broker.bootstrapServers, "reconnect.backoff.max.ms": "500",
        ]), logger: DaemonFaultTests.logger)
      daemon = try Daemon(
        configuration: configuration, membership: .alone, observers: [wall], logger: DaemonFaultTests.logger)
    }

    func start() {
      worker = Worker(name: "daemon") { [daemon, outcome] in
        do { try daemon.run() } catch { outcome.note(error) }
      }
    }

    /// Sends paid orders of 1.00 each.
    func pay(_ count: Int) throws {
      for _ in 0..<count {
        let text = """
          {"type":"paid","event_id":"e\(sent)","order_id":"o\(sent)","buyer_id":"b","session_id":"s","amount":"1.00",\
          "ts":\(1_592_308_800_000 + sent * 20)}
          """
        try producer.produce(topic: "purchases", partition: Int32(sent % 2), key: nil, value: Array(text.utf8))
        sent += 1
      }
      try producer.flush(timeoutMilliseconds: 10_000)
    }

    /// Whether the wall shows all that was sent, within `seconds`.
    func settles(seconds: Double = 20) -> Bool {
      let deadline = ContinuousClock.now + .seconds(seconds)
      while ContinuousClock.now < deadline {
        if wall.last == "\(sent).00" { return true }
        usleep(20_000)
      }
      return false
    }

    /// Whether the daemon ends by itself with an error, within `seconds`.
    func ends(seconds: Double) -> Bool {
      let deadline = ContinuousClock.now + .seconds(seconds)
      while ContinuousClock.now < deadline {
        if outcome.first != nil { return true }
        usleep(20_000)
      }
      return false
    }

    /// Ends the daemon; returns what it ended with.
    func stop() -> (any Error)? {
      daemon.stop()
      worker?.join()
      return outcome.first
    }
  }

  @Test(arguments: [
    (EmbeddedBroker.Request.endTransaction, EmbeddedBroker.Fault.coordinatorNotAvailable),
    (.addPartitionsToTransaction, .notLeader), (.addOffsetsToTransaction, .coordinatorNotAvailable),
    (.produce, .notLeader), (.transactionOffsetCommit, .coordinatorNotAvailable),
  ])
  func whatMayPassIsTriedAgain(request: EmbeddedBroker.Request, fault: EmbeddedBroker.Fault) throws {
    let bench = try Bench()
    bench.start()
    try bench.pay(50)
    #expect(bench.settles())
    bench.broker.inject([fault, fault], into: request)
    try bench.pay(50)
    #expect(bench.settles(), "the wall shows \(bench.wall.last)")
    #expect(bench.wall.falls == 0 && bench.daemon.statistics.snapshot.restarts == 0)
    #expect(bench.stop() == nil)
  }

  @Test(arguments: [EmbeddedBroker.Fault.illegalGeneration, .rebalanceInProgress])
  func aTransactionThatTheGroupRefusesIsAbortedAndComesAgain(fault: EmbeddedBroker.Fault) throws {
    let bench = try Bench()
    bench.start()
    try bench.pay(50)
    #expect(bench.settles())
    bench.broker.inject([fault], into: .transactionOffsetCommit)
    try bench.pay(50)
    #expect(bench.settles(), "the wall shows \(bench.wall.last)")
    let figures = bench.daemon.statistics.snapshot
    let aborts = figures.aborts.values.reduce(0) { $0 + ($1[.rebalance] ?? 0) }
    #expect(aborts == 1 && figures.restarts == 0 && bench.wall.falls == 0)
    #expect(bench.stop() == nil)
  }

  @Test func aFencedProducerIsReplacedAndTheStateComputedAgain() throws {
    let bench = try Bench()
    bench.start()
    try bench.pay(50)
    #expect(bench.settles())
    bench.broker.inject([.producerFenced], into: .endTransaction)
    try bench.pay(50)
    #expect(bench.settles(seconds: 40), "the wall shows \(bench.wall.last)")
    // The embedded broker shows what was written before it refuses to end the transaction.
    let deadline = ContinuousClock.now + .seconds(20)
    while bench.daemon.statistics.snapshot.restarts == 0, ContinuousClock.now < deadline { usleep(20_000) }
    #expect(bench.daemon.statistics.snapshot.restarts >= 1)
    #expect(bench.settles(seconds: 40), "the wall shows \(bench.wall.last)")
    #expect(bench.stop() == nil)
  }

  @Test func aBrokerThatIsAwayIsWaitedFor() throws {
    let bench = try Bench()
    bench.start()
    try bench.pay(50)
    #expect(bench.settles())
    bench.broker.takeDown()
    usleep(3_000_000)
    bench.broker.bringUp()
    try bench.pay(50)
    #expect(bench.settles(seconds: 60), "the wall shows \(bench.wall.last)")
    #expect(bench.stop() == nil)
  }

  @Test func aSecondProcessOfTheSameNameEndsTheFirst() throws {
    let bench = try Bench()
    bench.start()
    try bench.pay(50)
    #expect(bench.settles())
    // Another process claims the name, and fences the producers.
    let properties = try ClientProperties(["bootstrap.servers": bench.broker.bootstrapServers])
    let topic = StateTopic(
      topics: Configuration.Topics(), shards: 2, partitions: StateTopic.partitionCount(shards: 2))
    let always = { true }
    let producer = try KafkaTransactionalLog(
      id: "livetally-other", properties: properties, logger: Self.logger, mayGoOn: always
    ) { () throws(KafkaError) in fatalError("no offsets are sent") }
    try InstanceClaim(topic: topic, instance: ProcessInfo.processInfo.hostName, process: 1).write(producer)
    bench.broker.inject([.producerFenced], into: .endTransaction)
    try bench.pay(50)
    #expect(bench.ends(seconds: 20))
    #expect(bench.stop() is InstanceTaken)
  }
}
