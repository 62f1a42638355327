import Foundation
import Kafka
import LiveEvents
import Pipeline
import Traffic
import WindowEngine

/// Measures how many bytes the internal topics take for each byte of input.
///
///     state-bytes [--seconds N] [--rate R] [--groups 1,4,8]
///     state-bytes --keys N [--seconds N] [--rate R]
///
/// Generated traffic of so many seconds goes through the real lanes, committers and rollups, with the default
/// configuration and a commit every 500 ms of the traffic's time; what they write goes into a log in memory, where it is
/// counted as it would be sent, before compression.
///
/// With `--keys`, it measures memory instead: so many (session, product) keys, each other one's share of the events as
/// Zipf's law has it (exponent 1), through the same engine with all default windows and groups.
@main
struct StateBytes {
  static func main() throws {
    let arguments = CommandLine.arguments
    func value(_ name: String) -> String? {
      arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    }
    let seconds = value("--seconds").flatMap(Int.init) ?? 60
    let rate = value("--rate").flatMap(Double.init) ?? 100_000
    let counts = (value("--groups") ?? "1,4,8").split(separator: ",").compactMap { Int($0) }
    if let keys = value("--keys").flatMap(Int.init) {
      return try measureMemory(keys: keys, seconds: seconds, rate: rate)
    }
    var isTooMuch = false
    for count in counts {
      let share = try measure(groups: count, seconds: seconds, rate: rate)
      if share > 0.6 { isTooMuch = true }
    }
    print("\(isTooMuch ? 0 : 1) passed, \(isTooMuch ? 1 : 0) failed")
    exit(isTooMuch ? 1 : 0)
  }

  /// The default configuration with only the first `count` of its groups.
  private static func configuration(groups count: Int) -> Configuration {
    var configuration = Configuration()
    let groups = Array(configuration.groups.prefix(count))
    configuration.groups = groups
    configuration.windows = configuration.windows.compactMap { window in
      var window = window
      if let own = window.groups {
        window.groups = own.filter(groups.contains)
        if window.groups!.isEmpty { return nil }
      }
      return window
    }
    configuration.leaderboards = configuration.leaderboards.filter { groups.contains($0.group) }
    return configuration
  }

  private static func measureMemory(keys: Int, seconds: Int, rate: Double) throws {
    let run = try Run(Configuration(), rate: rate)
    var traffic = ZipfTraffic(keys: keys, rate: rate)
    let before = residentBytes()
    let began = ContinuousClock.now
    try run.run(seconds: seconds) { traffic.next() }
    let took = (ContinuousClock.now - began) / .seconds(1)
    print(
      String(
        format: "%d keys, %.0f events/s for %d s: %.0f MiB resident, %.0f of them before the first event (%.0f s)",
        keys, rate, seconds, Double(residentBytes()) / 1_048_576, Double(before) / 1_048_576, took))
  }

  /// The process's resident memory (proc_pid_statm(5)).
  private static func residentBytes() -> Int {
    let statm = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return statm.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * Int(getpagesize()) } ?? 0
  }

  private static func measure(groups: Int, seconds: Int, rate: Double) throws -> Double {
    let run = try Run(configuration(groups: groups), rate: rate)
    let began = ContinuousClock.now
    var generator = TrafficGenerator(try TrafficOptions(rate: rate))
    try run.run(seconds: seconds) {
      let event = generator.next()
      return (
        event.topic == .purchases, Int(truncatingIfNeeded: event.sessionHash >> 1), event.bytes, event.arrivalTime
      )
    }
    let took = (ContinuousClock.now - began) / .seconds(1)
    let input = Double(run.inputBytes)
    func share(_ topic: String, _ role: String) -> Double { Double(run.log.bytes["\(topic) \(role)"] ?? 0) / input }
    let topics = Configuration.Topics()
    let partials = share(topics.partials, "ingest")
    let checkpoints = share(topics.checkpoints, "ingest")
    let changelog = share(topics.checkpoints, "rollup")
    let whole = partials + checkpoints + changelog
    print(
      String(
        format: "%d groups, %.0f events/s for %d s, %.1f MB of events: partials %.1f %%, checkpoints %.1f %%, "
          + "changelog %.1f %%, together %.1f %% of the input (%.0f s)",
        groups, rate, seconds, input / 1e6, partials * 100, checkpoints * 100, changelog * 100, whole * 100, took))
    fflush(nil)
    return whole
  }
}

/// A log in memory that counts what is written.
private final class CountingLog {
  var bytes: [String: Int] = [:]
  var partials: [Int: [[UInt8]]] = [:]
  var offsets: [TopicPartition: Int64] = [:]
}

private final class CountingProducer: TransactionalLog {
  private let log: CountingLog
  private let role: String
  private var tickets: [Int: Int64] = [:]

  init(_ log: CountingLog, role: String) {
    self.log = log
    self.role = role
  }

  func begin() throws(TransactionFailure) { tickets = [:] }

  func write(_ record: OutgoingRecord) throws(TransactionFailure) {
    count(record.topic, (record.key?.count ?? 0) + (record.value?.count ?? 0))
    let partition = TopicPartition(record.topic, record.partition ?? 0)
    log.offsets[partition, default: 0] += 1
    if record.ticket != 0 { tickets[record.ticket] = log.offsets[partition]! - 1 }
    if record.topic == Configuration.Topics().partials, let value = record.value {
      log.partials[Int(partition.partition), default: []].append(value)
    }
  }

  func write(
    topic: String, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
  ) throws(TransactionFailure) {
    count(topic, (key?.count ?? 0) + (value?.count ?? 0))
    if topic == Configuration.Topics().partials, let partition, let value {
      log.partials[Int(partition), default: []].append(Array(value))
    }
  }

  private func count(_ topic: String, _ bytes: Int) { log.bytes["\(topic) \(role)", default: 0] += bytes }

  func flush() throws(TransactionFailure) -> [Int: Int64] { tickets }
  func commit(_ offsets: [PartitionOffset]) throws(TransactionFailure) {}
  func abort() throws(TransactionFailure) {}
}

/// One instance with four partitions of either topic.
private final class Run {
  private static let partitionsPerTopic = 4
  private static let commitMilliseconds = 500

  let log = CountingLog()
  private(set) var inputBytes = 0
  private let configuration: Configuration
  private let setup: EngineSetup
  private let rate: Double
  private let sources: Sources
  private let committer: IngestCommitter
  private let rollup: RollupCommitter

  init(_ configuration: Configuration, rate: Double) throws {
    self.configuration = configuration
    self.rate = rate
    setup = EngineSetup(configuration)
    let topics = configuration.topics
    sources = Sources(
      [topics.purchases, topics.viewers].flatMap { topic in
        (0..<Int32(Self.partitionsPerTopic)).map { TopicPartition(topic, $0) }
      })
    let topic = StateTopic(
      topics: topics, shards: configuration.shards,
      partitions: StateTopic.partitionCount(shards: configuration.shards))
    committer = IngestCommitter(
      plan: setup.plan, topic: topic, sources: sources, log: CountingProducer(log, role: "ingest"))
    rollup = RollupCommitter(
      plan: setup.plan, topic: topic, sources: sources.partitions.count, log: CountingProducer(log, role: "rollup"))
  }

  /// `next` gives an event: whether it is a purchase, a number by which its partition is chosen, its text, and when the
  /// broker got it.
  func run(
    seconds: Int, next: () -> (isPurchase: Bool, partition: Int, bytes: UnsafeRawBufferPointer, arrivalTime: Int64)
  ) throws {
    var owned: [TopicPartition: OwnedSource] = [:]
    for (i, partition) in sources.partitions.enumerated() {
      let source = try OwnedSource(
        partition, setup: setup, sources: sources, shards: configuration.shards, keepsDuplicates: false,
        generation: UInt64.max - UInt64(i), restored: nil, now: 0)
      owned[partition] = source
      committer.own(source.source, generation: source.generation, restored: nil)
    }
    for shard in 0..<configuration.shards {
      try rollup.own(shard, generation: UInt64.max / 2 - UInt64(shard), restored: nil, start: 0, now: 0) { _, _, _ in }
    }
    var offsets: [TopicPartition: Int64] = [:]
    var shardOffsets = [Int64](repeating: 0, count: configuration.shards)
    let eventsPerCommit = Int(rate) * Self.commitMilliseconds / 1000
    for commit in 1...(seconds * 1000 / Self.commitMilliseconds) {
      for _ in 0..<eventsPerCommit {
        let event = next()
        let topic = event.isPurchase ? configuration.topics.purchases : configuration.topics.viewers
        let partition = TopicPartition(topic, Int32(event.partition % Self.partitionsPerTopic))
        let offset = offsets[partition, default: 0]
        offsets[partition] = offset + 1
        inputBytes += event.bytes.count
        _ = owned[partition]!.take(event.bytes, recordTimestamp: event.arrivalTime, offset: offset)
        // The generator writes the next event where this one is.
        owned[partition]!.endRecords(nextOffset: offset + 1, now: 0)
      }
      for (partition, source) in owned {
        source.endRecords(nextOffset: offsets[partition] ?? 0, now: 0)
        if let handOver = source.handOver() { committer.take(handOver) }
      }
      _ = try committer.commit()
      for (shard, records) in log.partials {
        for record in records {
          try record.withUnsafeBytes { try rollup.take($0, shard: shard, offset: shardOffsets[shard]) }
          shardOffsets[shard] += 1
        }
      }
      log.partials = [:]
      _ = try rollup.commit(now: Int64(commit * Self.commitMilliseconds))
    }
  }
}
