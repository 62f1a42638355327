import Kafka
import LiveEvents
import Oracle
import Pipeline
import WindowEngine

/// Everything of one simulation that is not a process: brokers, groups, time, chance and faults.
final class World {
  enum Answer { case answered, unanswered, crashed }

  private static let shards = 3
  /// Requests in which others act meanwhile may be nested this deep.
  private static let maxDepth = 3
  /// Processes at the same time, paused ones that were replaced not counted.
  private static let maxProcesses = 4

  let seed: UInt64
  let setup: EngineSetup
  let topic: StateTopic
  let keepsDuplicates: Bool
  /// How much a commit may print before it is not kept; often so little that it is reached.
  let maxKeptBytes: Int
  let cluster: Cluster
  /// The source partitions.
  let partitions: [TopicPartition]
  private(set) var now: Int64 = 1_000_000
  private(set) var processes: [Process] = []
  var faults = FaultCounts()
  private(set) var violations: [Violation] = []
  /// Whether faults are injected.
  private(set) var injects = true
  private(set) var isSlow = false
  private let sabotage: Sabotage?
  private var generator: SplitMix64
  private var groups: [ConsumerRole: ConsumerGroup] = [:]
  private var depth = 0
  private var memberCount = 0
  private var generationCount: UInt64 = 0
  private var brokersBackAt: Int64 = 0
  /// Per mille of a request for each fault, drawn anew for each seed.
  private var rates: [Fault: Int] = [:]

  var plan: EnginePlan { setup.plan }

  init(seed: UInt64, setup: EngineSetup, partitionCount: Int, sabotage: Sabotage?) {
    self.seed = seed
    self.setup = setup
    self.sabotage = sabotage
    generator = SplitMix64(seed: seed &* 0x5851_F42D_4C95_7F2D)
    let topics = Configuration.Topics()
    topic = StateTopic(
      topics: topics, shards: Self.shards, partitions: StateTopic.partitionCount(shards: Self.shards))
    partitions = (0..<partitionCount).map {
      TopicPartition($0 % 2 == 0 ? topics.purchases : topics.viewers, Int32($0 / 2))
    }
    cluster = Cluster(partitionCounts: [
      topics.live: 2, topics.metrics: 2, topics.leaderboards: 1, topics.rejects: 2,
    ])
    keepsDuplicates = seed % 3 == 0
    maxKeptBytes = seed % 4 == 1 ? 2_000 : RollupCommitter.maxKeptBytes
    groups[.ingest] = ConsumerGroup(name: "g-ingest", partitions: partitions)
    groups[.rollup] = ConsumerGroup(
      name: "g-rollup", partitions: (0..<Self.shards).map { TopicPartition(topics.partials, Int32($0)) })
    for fault in [Fault.crash, .pause, .brokerLoss, .lostAcknowledgement] {
      rates[fault] = generator.next() % 4 == 0 ? 0 : Int(generator.next() % 6) + 1
    }
  }

  // MARK: Chance and time

  func has(_ mistake: Sabotage) -> Bool { sabotage == mistake }
  func random(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
  func chance(_ percent: Int) -> Bool { random(0..<100) < percent }
  func pick<Element>(_ all: [Element]) -> Element { all[random(0..<all.count)] }
  func delay() -> Int64 { chance(70) ? 0 : Int64(random(1..<300)) }

  func nextMember() -> Int {
    memberCount += 1
    return memberCount
  }

  func nextGeneration() -> UInt64 {
    generationCount += 1
    return generationCount
  }

  func group(_ role: ConsumerRole) -> ConsumerGroup { groups[role]! }
  func partials(_ shard: Int) -> TopicPartition { TopicPartition(topic.topicNames.partials, Int32(shard)) }

  func partition(of key: [UInt8], in topic: String) -> Int32 {
    if key.isEmpty { return Int32(random(0..<cluster.partitionCounts[topic]!)) }
    return Int32(key.withUnsafeBytes { IdentifierHash.hash($0) } % UInt64(cluster.partitionCounts[topic]!))
  }

  /// Lets time go on; whoever lives says so.
  func pass(milliseconds: Int) {
    now += Int64(milliseconds)
    for process in processes { process.beat() }
    for group in groups.values { group.tick(now: now) }
    cluster.tick(now: now)
  }

  func violate(_ invariant: Invariant, _ detail: String) {
    if violations.count < 20 { violations.append(Violation(invariant: invariant, detail: detail)) }
  }

  // MARK: Requests

  /// Whether a fault of this kind is injected now.
  func strikes(_ fault: Fault) -> Bool {
    guard injects, random(0..<1000) < rates[fault] ?? 0 else { return false }
    faults.add(fault)
    return true
  }

  /// A request of a process to the brokers: time goes on, others act meanwhile, and things go wrong.
  func request(of process: Process) -> Answer {
    if process.hasCrashed { return .crashed }
    pass(milliseconds: random(0..<8))
    if depth < Self.maxDepth && chance(20) { meanwhile { for _ in 0..<random(1..<5) { stepAny() } } }
    if strikes(.crash) { process.crash() }
    if depth < Self.maxDepth && strikes(.pause) { pause(process) }
    if strikes(.brokerLoss) { brokersBackAt = now + Int64(random(500..<9_000)) }
    if process.hasCrashed { return .crashed }
    if now < brokersBackAt {
      pass(milliseconds: random(200..<2_000))
      return now < brokersBackAt ? .unanswered : .answered
    }
    return .answered
  }

  private func meanwhile(_ body: () -> Void) {
    depth += 1
    body()
    depth -= 1
  }

  private func pause(_ process: Process) {
    process.isPaused = true
    let replaces = !process.isReplaced && chance(40)
    if replaces {
      faults.add(.replacedWhilePaused)
      process.isReplaced = true
      processes.append(Process(self, name: process.name))
    }
    let end = now + Int64(random(2_000..<20_000))
    meanwhile {
      while now < end {
        pass(milliseconds: random(50..<600))
        stepAny()
      }
    }
    process.isPaused = false
  }

  // MARK: Processes

  private var running: [Process] { processes.filter { $0.isRunning && !$0.isPaused } }

  private func stepAny() {
    guard !running.isEmpty else { return }
    let process = pick(running)
    process.step()
    process.restartIfDue()
  }

  func start() {
    let names = ["a", "b", "c", "d"].filter { name in !running.contains { $0.name == name && !$0.isReplaced } }
    guard let name = names.first, running.count < Self.maxProcesses else { return }
    // Whoever stands still under that name gives way when it wakes.
    for process in processes where process.name == name { process.isReplaced = true }
    processes.append(Process(self, name: name))
  }

  /// Runs with faults until every record of the logs has been produced, then without until all of it is done.
  func run(_ logs: [[OracleInput]]) {
    start()
    if chance(60) { start() }
    var produced = logs.map { _ in 0 }
    let total = logs.reduce(0) { $0 + $1.count }
    let steps = max(300, total)
    for step in 0..<steps {
      produce(logs, &produced, upTo: (step + 1) * total / steps + 8)
      pass(milliseconds: random(0..<60))
      stepAny()
      if chance(2) { disturb() }
      processes.removeAll { !$0.isRunning && !$0.isPaused }
      if running.isEmpty { start() }
    }
    calm(logs, &produced)
  }

  private func produce(_ logs: [[OracleInput]], _ produced: inout [Int], upTo count: Int) {
    while produced.reduce(0, +) < count,
      let i = logs.indices.filter({ produced[$0] < logs[$0].count }).randomElement(
        using: &generator)
    {
      let input = logs[i][produced[i]]
      produced[i] += 1
      _ = cluster.append(
        Cluster.Entry(value: input.bytes, timestamp: input.recordTimestamp ?? -1), to: partitions[i])
    }
  }

  private func disturb() {
    switch random(0..<12) {
    case 0...2:
      faults.add(.membership)
      start()
    case 3, 4:
      if running.count > 1 {
        faults.add(.membership)
        pick(running).stop()
      }
    case 5:
      faults.add(.crash)
      if !running.isEmpty { pick(running).crash() }
    case 6:
      faults.add(.clockJump)
      now += Int64(random(1_000..<3_600_000))
    case 7, 8:
      isSlow.toggle()
      if isSlow { faults.add(.slowConsumer) }
    default:
      if random(0..<3) > 0 { return }
      faults.add(.silence)
      for _ in 0..<60 {
        pass(milliseconds: 800)
        stepAny()
      }
    }
  }

  private func calm(_ logs: [[OracleInput]], _ produced: inout [Int]) {
    injects = false
    isSlow = false
    brokersBackAt = 0
    produce(logs, &produced, upTo: .max)
    if running.isEmpty { start() }
    let limit = 20_000
    for step in 0..<limit {
      pass(milliseconds: random(5..<80))
      stepAny()
      if running.isEmpty { start() }
      if step % 50 == 0 && isDone { break }
      if step == limit - 1 { violate(.progress, "not everything was committed after \(limit) steps: \(state)") }
    }
    // Transactions that processes left open as they ended hide nothing any more.
    pass(milliseconds: Int(2 * Cluster.transactionTimeout))
    pass(milliseconds: 1_000)
    faults.add(.transactionTimeout, cluster.timedOut)
  }

  private var state: String {
    let sources = partitions.map { partition in
      let (offset, isStable) = cluster.committedOffset(partition, group: group(.ingest).name)
      return
        "\(partition) \(offset?.offset ?? 0)\(isStable ? "" : "?") of \(cluster.partition(partition).entries.count)"
    }
    let shards = (0..<Self.shards).map { shard in
      let (offset, isStable) = cluster.committedOffset(partials(shard), group: group(.rollup).name)
      let entries = cluster.partition(partials(shard)).entries.count
      return "\(partials(shard)) \(offset?.offset ?? 0)\(isStable ? "" : "?") of \(entries)"
    }
    return (sources + shards + running.map(\.description) + groups.values.map(\.description)).joined(separator: "; ")
  }

  private var isDone: Bool {
    partitions.allSatisfy { partition in
      let (offset, isStable) = cluster.committedOffset(partition, group: group(.ingest).name)
      return isStable && Int(offset?.offset ?? 0) >= cluster.partition(partition).entries.count
    }
      && (0..<Self.shards).allSatisfy { shard in
        let (offset, isStable) = cluster.committedOffset(partials(shard), group: group(.rollup).name)
        let rest = cluster.read(partials(shard), from: Int(offset?.offset ?? 0))
        return isStable && rest.records.isEmpty
          && rest.next == cluster.partition(partials(shard)).entries.count
      }
  }

  /// Restores every shard once more from what is committed, and closes all windows as if time had gone on for good.
  func closeWindows() throws -> [RecordBuffer] {
    let closer = Process.Closer(self)
    return try (0..<Self.shards).map { try closer.close($0) }
  }
}
