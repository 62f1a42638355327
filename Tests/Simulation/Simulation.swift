import Kafka
import LiveEvents
import Oracle
import Pipeline
import WindowEngine

/// One simulated bad day of a whole cluster, determined by its seed.
public struct Simulation {
  /// What a run came to.
  public struct Outcome: Sendable {
    public let seed: UInt64
    public let faults: FaultCounts
    /// Broken invariants, none of a program that is right.
    public let violations: [Violation]
    public let finalRecords: Int
    public let liveRecords: Int
    public let rejects: Int
  }

  /// Runs one seed, with a mistake or without.
  public static func run(seed: UInt64, sabotage: Sabotage? = nil) -> Outcome {
    var random = RandomLog(recordTimestamps: seed % 2 == 0, stepsDivideDay: true).makeCase(seed: seed)
    random.plan.time.commitInterval = [50, 100, 500][Int(seed % 3)]
    random.plan.time.idleTimeout = 5_000
    let plan = EnginePlan(random.plan)
    let world = World(
      seed: seed, setup: EngineSetup(plan: plan, policy: DecodingPolicy(random.plan, plan)),
      partitionCount: random.partitions.count, sabotage: sabotage)
    world.run(random.partitions)
    var judge = Judge(world, random)
    judge.judge()
    return Outcome(
      seed: seed, faults: world.faults, violations: world.violations + judge.violations,
      finalRecords: judge.finalCount, liveRecords: judge.liveCount, rejects: judge.rejectCount)
  }
}

/// Holds what a `read_committed` reader sees against the oracle.
struct Judge {
  private(set) var violations: [Violation] = []
  private(set) var liveCount = 0
  private(set) var rejectCount = 0
  private let world: World
  private let random: RandomCase
  private let plan: EnginePlan
  private var finals: [[UInt8]: [UInt8]] = [:]
  private let sessionWindows: [[UInt8]]
  private let cumulativeWindows: [[UInt8]]

  var finalCount: Int { finals.count }

  init(_ world: World, _ random: RandomCase) {
    self.world = world
    self.random = random
    plan = world.plan
    func prefix(_ window: WindowDefinition) -> [UInt8] { Array((window.name + "|").utf8) }
    sessionWindows = random.plan.windows.compactMap { if case .session = $0.kind { prefix($0) } else { nil } }
    cumulativeWindows = random.plan.windows.compactMap { if case .cumulative = $0.kind { prefix($0) } else { nil } }
  }

  mutating func judge() {
    let topics = world.topic.topicNames
    for partition in 0..<2 {
      for (_, entry) in world.cluster.read(TopicPartition(topics.metrics, Int32(partition)), from: 0).records {
        take(entry.key, entry.value, isMetric: true)
      }
    }
    for (_, entry) in world.cluster.read(TopicPartition(topics.leaderboards, 0), from: 0).records {
      take(entry.key, entry.value, isMetric: false)
    }
    do {
      for records in try world.closeWindows() {
        records.visit { topic, key, value in
          if topic != .live { take(Array(key), value.map(Array.init), isMetric: topic == .metrics) }
        }
      }
    } catch {
      violate(.finalRecords, "the last restore failed: \(error)")
    }
    let expected = Oracle(plan: random.plan, hash: { $0.withUnsafeBytes(IdentifierHash.hash) })
      .run(random.partitions, idleAdvances: advances())
    let lines = Array(finals.values.map { $0 + [0x0A] }.joined())
    for difference in compare(engineNDJSON: lines, oracle: expected.records).prefix(5) {
      violate(.finalRecords, difference)
    }
    judgeRejects(expected)
    judgeLive()
  }

  private mutating func violate(_ invariant: Invariant, _ detail: String) {
    violations.append(Violation(invariant: invariant, detail: detail))
  }

  private mutating func take(_ key: [UInt8], _ value: [UInt8]?, isMetric: Bool) {
    guard let value else {
      finals[key] = nil
      return
    }
    let text = String(decoding: value, as: UTF8.self)
    if text.contains("\"final\":false") { return }
    let isSession = isMetric && sessionWindows.contains { key.starts(with: $0) }
    let window = Self.text(text, "window_start") + Self.text(text, "window_end")
    finals[isSession ? key : key + [0] + Array(window.utf8)] = value
  }

  /// The watermarks that were recorded with committed checkpoints: those of idle partitions are ahead of their log.
  private func advances() -> [IdleAdvance] {
    var advances: [IdleAdvance] = []
    for (index, source) in world.partitions.enumerated() {
      for (_, entry) in world.cluster.read(world.topic.lanePieces(source), from: 0).records {
        guard let value = entry.value,
          let checkpoint = value.withUnsafeBytes({ world.topic.checkpoint(in: $0, key: entry.key, of: source) })
        else { continue }
        advances.append(
          IdleAdvance(
            partition: index, beforeIndex: Int(checkpoint.sourceOffset), watermark: checkpoint.watermark))
      }
    }
    return advances
  }

  private mutating func judgeRejects(_ expected: OracleResult) {
    var wanted: [String: Int] = [:]
    for reject in expected.rejects + (world.keepsDuplicates ? expected.duplicateEvents : []) {
      let source = world.partitions[reject.partition]
      wanted["\(source.topic) \(source.partition) \(reject.index) \(reject.reason.rawValue)", default: 0] += 1
    }
    var found: [String: Int] = [:]
    for partition in 0..<2 {
      let name = TopicPartition(world.topic.topicNames.rejects, Int32(partition))
      for (_, entry) in world.cluster.read(name, from: 0).records {
        rejectCount += 1
        func header(_ name: String) -> String {
          entry.headers.first { $0.name == name }.flatMap { $0.value.map { String(decoding: $0, as: UTF8.self) } } ?? ""
        }
        let topic = header("topic")
        found["\(topic) \(header("partition")) \(header("offset")) \(header("reason"))", default: 0] += 1
        let index = world.partitions.firstIndex { $0.topic == topic && String($0.partition) == header("partition") }
        if let index, let offset = Int(header("offset")), random.partitions[index][offset].bytes != entry.value {
          violate(.rejects, "the reject of \(topic) \(offset) has other bytes")
        }
      }
    }
    for place in Set(wanted.keys).union(found.keys).sorted() where wanted[place] != found[place] {
      violate(.rejects, "\(place) is there \(found[place] ?? 0) times instead of \(wanted[place] ?? 0)")
      if violations.count > 20 { return }
    }
  }

  private mutating func judgeLive() {
    for partition in 0..<2 {
      var last: [[UInt8]: (end: String, gmv: String)] = [:]
      let name = TopicPartition(world.topic.topicNames.live, Int32(partition))
      for (_, entry) in world.cluster.read(name, from: 0).records {
        liveCount += 1
        guard let value = entry.value else { continue }
        let text = String(decoding: value, as: UTF8.self)
        let end = Self.text(text, "window_end")
        let isCumulative = cumulativeWindows.contains { entry.key.starts(with: $0) }
        let isSession = sessionWindows.contains { entry.key.starts(with: $0) }
        let gmv = isCumulative ? Self.number(text, "gmv") : ""
        if let earlier = last[entry.key] {
          let key = String(decoding: entry.key, as: UTF8.self)
          if end < earlier.end && !isSession { violate(.liveForward, "\(key): window_end \(end) after \(earlier.end)") }
          if isCumulative && isLess(gmv, earlier.gmv) {
            violate(.liveForward, "\(key): gmv \(gmv) after \(earlier.gmv)")
          }
        }
        last[entry.key] = (end, gmv)
      }
    }
  }

  /// Compares two decimal numerals that have the same number of decimals and are not negative.
  private func isLess(_ a: String, _ b: String) -> Bool { a.count != b.count ? a.count < b.count : a < b }

  private static func text(_ value: String, _ field: String) -> String {
    String(value.split(separator: "\"\(field)\":\"", maxSplits: 1)[1].prefix { $0 != "\"" })
  }

  private static func number(_ value: String, _ field: String) -> String {
    String(value.split(separator: "\"\(field)\":", maxSplits: 1)[1].prefix { $0 != "," && $0 != "}" })
  }
}
