import Foundation
import Kafka
import Logging
import Synchronization
import WindowEngine

/// The daemon: reads the source topics, counts, and publishes metrics until it is stopped.
///
/// State is in Kafka: a start goes on where the last commit left off, and further instances with the same `group.id`
/// share the work. After its producers were fenced or have failed for good, it gives up its state, makes new clients and
/// restores; it ends only when a newer process holds its instance's name.
public final class Daemon: @unchecked Sendable {
  /// How long after a failed session a new one begins.
  private static let restartMicroseconds: UInt32 = 500_000
  /// How long the producers of a failed session are waited for, which may hang on a broker that does not answer.
  private static let endingSeconds = 20

  /// How the source partitions and shards come to this instance.
  public enum Membership: Sendable {
    /// By the consumer groups `<group.id>-ingest` and `<group.id>-rollup`.
    case group
    /// All of them at once, for a broker of its own, where no group has to be waited for.
    case alone
  }

  private let configuration: Configuration
  private let membership: Membership
  private let setup: EngineSetup
  private let observers: [any RecordObserver]
  private let logger: Logger
  private let properties: ClientProperties
  /// What the engine says about itself.
  public let statistics = DaemonStatistics()
  private let isStopping = Atomic<Bool>(false)

  /// Checks the client properties. Throws ``InvalidPropertiesError``.
  public init(
    configuration: Configuration, membership: Membership = .group, observers: [any RecordObserver] = [], logger: Logger
  ) throws {
    self.configuration = configuration
    self.membership = membership
    self.observers = observers
    self.logger = logger
    setup = EngineSetup(configuration)
    properties = try ClientProperties(configuration.kafka)
  }

  /// Ends ``run()`` after the commit in flight. Any thread, also a signal's.
  public func stop() { isStopping.store(true, ordering: .releasing) }

  /// Runs until ``stop()``. Throws ``KafkaError``, ``TopicError``, ``StateError``, ``RestoreError`` or
  /// ``InstanceTaken``.
  public func run() throws {
    let clients = ClientSettings(configuration, properties)
    let prepared = try TopicLayout(configuration).prepare(Admin(properties: clients.reading, logger: logger))
    statistics.sourcePartitions.set(prepared.sources.count)
    statistics.shards.set(configuration.shards)
    statistics.pulses.allow(transactionMilliseconds: clients.longestTransaction)
    let claim = InstanceClaim(
      topic: prepared.state, instance: clients.instance, process: .random(in: .min ... .max))
    var hasClaimed = false
    while !isStopping.load(ordering: .acquiring) {
      if try runSession(clients, prepared, claim, &hasClaimed) { return }
      waitForEndingProducers()
    }
  }

  /// Runs a session, with which its clients go. Returns whether it has ended because it was asked to.
  private func runSession(
    _ clients: ClientSettings, _ prepared: TopicLayout.Prepared, _ claim: InstanceClaim, _ hasClaimed: inout Bool
  ) throws -> Bool {
    let session = Session(
      configuration: configuration, setup: setup, clients: clients, prepared: prepared, membership: membership,
      claim: claim, claims: !hasClaimed, observers: observers, statistics: statistics, logger: logger,
      isStopping: { [unowned self] in isStopping.load(ordering: .acquiring) })
    defer { hasClaimed = hasClaimed || session.hasClaimed }
    do {
      try session.run()
      return true
    } catch let failure as TransactionFailure {
      if case .refused(let error) = failure { throw error }
      restart("\(failure)")
    } catch let error as KafkaError where error.mayPass {
      restart("\(error)")
    } catch let error as RestoreError where error.mayPass {
      restart("\(error)")
    }
    return false
  }

  private func restart(_ text: String) {
    if isStopping.load(ordering: .acquiring) { return }
    logger.warning("the Kafka clients are given up and made anew: \(text)")
    statistics.restarts.add()
  }

  /// An old producer that still registers its id would fence the new one.
  private func waitForEndingProducers() {
    let deadline = ContinuousClock.now + .seconds(Self.endingSeconds)
    repeat {
      usleep(Self.restartMicroseconds)
      if isStopping.load(ordering: .acquiring) { return }
    } while EndingProducers.count > 0 && ContinuousClock.now < deadline
    let left = EndingProducers.count
    if left > 0 { logger.warning("\(left) transactional producers of before have not ended yet") }
  }
}

/// The properties of each client: what the operator has set, and what the design asks for.
struct ClientSettings {
  /// How much of `limits.memory` the queues of the consumers, and of the producers, may take.
  private static let queueShare: Int64 = 4
  private static let statisticsMilliseconds = 1000
  /// How long a fetch may wait for records, as a share of the commit interval and at least and at most, ms: there are
  /// brokers that look again only when the wait is over, so that half of it is added to every step's latency.
  private static let fetchWaitShare: Int64 = 10
  private static let fetchWaitRange: ClosedRange<Int64> = 10...100
  /// A lane's fetch waits for so much, since events come all the time and each answer costs a broker its work: 16 KiB
  /// are a hundred events.
  private static let sourceFetchBytes = 16 << 10

  let instance: String
  /// A plain reader's and the admin client's.
  let reading: ClientProperties
  private let configuration: Configuration
  private let properties: ClientProperties

  init(_ configuration: Configuration, _ properties: ClientProperties) {
    self.configuration = configuration
    self.properties = properties
    instance = configuration.instance.isEmpty ? ProcessInfo.processInfo.hostName : configuration.instance
    // Fewer of properties that are valid are valid.
    reading = try! properties.removing(["group.id"])
  }

  func transactionalID(_ role: ConsumerRole) -> String { role.name("\(configuration.groupID)-\(instance)") }

  var producing: ClientProperties {
    get throws {
      var values: [String: String] = [:]
      // A reject is as large as the record it was; the brokers' own limits decide.
      if properties["message.max.bytes"] == nil { values["message.max.bytes"] = String(TopicLayout.maxRecordBytes) }
      if properties["queue.buffering.max.kbytes"] == nil {
        let share = configuration.limits.memoryBytes / Self.queueShare / 2 / 1024
        values["queue.buffering.max.kbytes"] = String(max(32_768, min(1_048_576, share)))
      }
      return try reading.setting(values)
    }
  }

  func consuming(_ role: ConsumerRole, partitions: Int) throws -> ClientProperties {
    var values = [
      "group.id": role.name(configuration.groupID),
      "partition.assignment.strategy": "cooperative-sticky",
      // A killed instance is missed after 6 s, the least that brokers allow by default, not after 45 s.
      "session.timeout.ms": properties["session.timeout.ms"] ?? "6000",
      "heartbeat.interval.ms": properties["heartbeat.interval.ms"] ?? "2000",
    ]
    if role == .ingest { values["statistics.interval.ms"] = String(Self.statisticsMilliseconds) }
    if properties["fetch.wait.max.ms"] == nil {
      let wait = configuration.time.commitInterval / Self.fetchWaitShare
      values["fetch.wait.max.ms"] = String(
        min(max(wait, Self.fetchWaitRange.lowerBound), Self.fetchWaitRange.upperBound))
      if role == .ingest && properties["fetch.min.bytes"] == nil {
        values["fetch.min.bytes"] = String(Self.sourceFetchBytes)
      }
    }
    if properties["queued.max.messages.kbytes"] == nil {
      let perPartition = configuration.limits.memoryBytes / Self.queueShare / 2 / Int64(max(1, partitions)) / 1024
      values["queued.max.messages.kbytes"] = String(max(1024, min(65_536, perPartition)))
    }
    return try properties.setting(values)
  }

  /// Printed records that may wait for their acknowledgement, bytes.
  var keptBytes: Int { max(RollupCommitter.maxKeptBytes, Int(configuration.limits.memoryBytes / Self.queueShare / 2)) }

  /// How long a transaction may last, ms.
  var longestTransaction: Int {
    properties["transaction.timeout.ms"].flatMap(Int.init) ?? KafkaTransactionalLog.transactionTimeoutMilliseconds
  }

  /// After how long without a round a lane counts as stuck, ms.
  var longestRound: Int64 { properties["max.poll.interval.ms"].flatMap(Int64.init) ?? 300_000 }
}

/// A source topic has got more partitions while the daemon was running.
public struct PartitionsChanged: Error, CustomStringConvertible {
  public let partition: TopicPartition

  public var description: String { "\(partition) is new since the start: restart Livetally to read it" }
}

extension KafkaError {
  /// Whether it is the brokers' absence, which ends, and nothing that an operator has to mend.
  fileprivate var mayPass: Bool { [.unreachable, .timedOut, .retriable].contains(kind) }
}

extension ClientProperties {
  /// The same properties without some.
  func removing(_ names: Set<String>) throws(InvalidPropertiesError) -> ClientProperties {
    try ClientProperties(values.filter { !names.contains($0.key) })
  }
}
