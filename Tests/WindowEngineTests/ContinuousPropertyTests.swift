import Foundation
import LiveEvents
import Oracle
import Testing

@testable import WindowEngine

/// Random logs through the engine as the daemon runs it: hand-overs at random moments, several shards, records
/// published at once and again when late events come. The last record of each identity must be the oracle's.
///
/// `LIVETALLY_TEST_LOGS` sets how many logs are tried (500), `LIVETALLY_TEST_SEED` the first seed (1).
@Suite struct ContinuousPropertyTests {
  static let logs = ProcessInfo.processInfo.environment["LIVETALLY_TEST_LOGS"].flatMap(Int.init) ?? 500
  static let firstSeed = ProcessInfo.processInfo.environment["LIVETALLY_TEST_SEED"].flatMap(UInt64.init) ?? 1

  @Test func lastFinalRecordsEqualTheOraclesAndLiveNeverGoesBack() throws {
    var revisions = 0
    var tombstones = 0
    for i in 0..<Self.logs {
      let seed = Self.firstSeed + UInt64(i)
      let random = RandomLog(recordTimestamps: seed % 2 == 0, stepsDivideDay: true).makeCase(seed: seed)
      let expected = Oracle(plan: random.plan, hash: { $0.withUnsafeBytes(IdentifierHash.hash) })
        .run(random.partitions, order: .aligned)
      var run = ContinuousRun(random, seed: seed)
      try run.finish()
      revisions += run.revisions
      tombstones += run.tombstones
      var problems = run.problems
      problems += compare(engineNDJSON: run.finalLines, oracle: expected.records)
      if !problems.isEmpty {
        Issue.record("seed \(seed): \(problems.prefix(5).joined(separator: "\n"))")
        return
      }
    }
    #expect(revisions > 100 && tombstones > 10, "the logs were to reach revisions and moved sessions")
    print("\(Self.logs) random logs with \(revisions) revisions and \(tombstones) tombstones")
  }
}

/// One log run continuously, with everything that was published.
struct ContinuousRun {
  private(set) var problems: [String] = []
  private(set) var revisions = 0
  private(set) var tombstones = 0
  /// The last value by identity; a tombstone removes it.
  private var finals: [[UInt8]: [UInt8]] = [:]
  private var sessionKeys: [[UInt8]: [UInt8]] = [:]
  private var lastRevision: [[UInt8]: Int] = [:]
  private var liveEnds: [[UInt8]: String] = [:]
  private let random: RandomCase
  private var generator: SplitMix64
  private let plan: EnginePlan
  private let shardCount: Int

  init(_ random: RandomCase, seed: UInt64) {
    self.random = random
    generator = SplitMix64(seed: seed &* 77)
    shardCount = [1, 3, 8][Int(seed % 3)]
    plan = EnginePlan(random.plan)
  }

  var finalLines: [UInt8] { finals.values.flatMap { $0 + [0x0A] } }

  mutating func finish() throws {
    let policy = DecodingPolicy(random.plan, plan)
    var decoder = EventDecoder(policy: policy)
    var event = decoder.makeEvent()
    let staged = StagedEvents(plan: plan, capacity: 40)
    final class Sink { var blocks: [Block] = [] }
    let sink = Sink()
    let count = random.partitions.count
    let partitions = UnsafeMutablePointer<SourcePartition>.allocate(capacity: count)
    for source in 0..<count {
      (partitions + source).initialize(
        to: SourcePartition(plan: plan, shards: shardCount, source: source, mode: .continuous) {
          sink.blocks.append($0)
        })
    }
    defer {
      partitions.deinitialize(count: count)
      partitions.deallocate()
    }
    let shards = (0..<shardCount).map { _ in RollupShard(plan: plan, mode: .continuous, sources: count) }
    var positions = [Int](repeating: 0, count: count)
    var now: Int64 = 1_000_000
    while let source = (0..<count).filter({ positions[$0] < random.partitions[$0].count }).randomElement(
      using: &generator)
    {
      for _ in 0..<Int.random(in: 1...40, using: &generator) where positions[source] < random.partitions[source].count {
        let input = random.partitions[source][positions[source]]
        positions[source] += 1
        input.bytes.withUnsafeBytes { bytes in
          let timestamp = input.recordTimestamp ?? -1
          if decoder.decode(bytes, recordTimestamp: timestamp, into: &event) == nil {
            staged.append(event, recordTimestamp: timestamp, position: 0)
          }
        }
      }
      partitions[source].count(staged) { _ in }
      staged.removeAll()
      partitions[source].handOver(sourceOffset: Int64(positions[source]))
      for shard in shards {
        for block in sink.blocks where shards.firstIndex(where: { $0 === shard }) == block.shard {
          try shard.apply(block.bytes)
          // Writing a partial twice changes nothing.
          if Bool.random(using: &generator) { try shard.apply(block.bytes) }
        }
        shard.apply(
          Frontier(
            source: source, watermark: partitions[source].watermark, newest: partitions[source].newest, isIdle: false))
        if Int.random(in: 0..<4, using: &generator) > 0 { publish(shard, now: now) }
      }
      sink.blocks.removeAll()
      now += 100
    }
    for shard in shards {
      for source in 0..<count {
        shard.apply(
          Frontier(source: source, watermark: .max, newest: partitions[source].newest, isIdle: false))
      }
      publish(shard, now: now)
      if shard.droppedPartials > 0 { problems.append("\(shard.droppedPartials) partials were dropped") }
    }
  }

  private mutating func publish(_ shard: RollupShard, now: Int64) {
    shard.publish(now: now)
    shard.records.visit { topic, key, value in
      let key = Array(key)
      if topic == .live || (topic == .leaderboards && !(value.map(Self.isFinal) ?? true)) {
        guard let value else { return }
        let end = Self.text(value, "window_end")
        if let last = liveEnds[key], end < last {
          problems.append("live \(String(decoding: key, as: UTF8.self)) went back")
        }
        liveEnds[key] = end
        return
      }
      guard let value else {
        tombstones += 1
        if let identity = sessionKeys[key] { finals[identity] = nil }
        return
      }
      // A session's identity is its key alone, whatever its end.
      let isSession = plan.windows.contains { window in
        if case .session = window.kind { key.starts(with: Array((window.name + "|").utf8)) } else { false }
      }
      let identity =
        isSession && topic == .metrics
        ? key : key + Array((Self.text(value, "window_start") + Self.text(value, "window_end")).utf8)
      let revision = Int(Self.number(value, "revision"))!
      // A session that was withdrawn and comes back would begin anew; it never does.
      let expected = lastRevision[identity].map { $0 + 1 } ?? 0
      if revision != expected {
        problems.append("\(String(decoding: identity, as: UTF8.self)): revision \(revision) instead of \(expected)")
      }
      lastRevision[identity] = revision
      if revision > 0 { revisions += 1 }
      sessionKeys[key] = identity
      finals[identity] = Array(value)
    }
    shard.records.removeAll()
  }

  private static func isFinal(_ value: UnsafeRawBufferPointer) -> Bool {
    String(decoding: value, as: UTF8.self).contains("\"final\":true")
  }

  private static func text(_ value: UnsafeRawBufferPointer, _ field: String) -> String {
    String(
      String(decoding: value, as: UTF8.self).split(separator: "\"\(field)\":\"", maxSplits: 1)[1].prefix { $0 != "\"" })
  }

  private static func number(_ value: UnsafeRawBufferPointer, _ field: String) -> String {
    String(
      String(decoding: value, as: UTF8.self).split(separator: "\"\(field)\":", maxSplits: 1)[1].prefix { $0.isNumber })
  }
}
