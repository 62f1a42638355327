import Foundation
import LiveEvents
import Oracle
import Testing

@testable import WindowEngine

/// Random logs through the engine with owners that change at random moments: each lane and each shard is thrown away
/// and restored from what its predecessor wrote. The last record of each identity must still be the oracle's.
@Suite struct RestorePropertyTests {
  @Test func restoredOwnersGiveTheOraclesRecords() throws {
    var laneRestores = 0
    var shardRestores = 0
    // A debug build takes its time, and the simulation restores far more in a release build.
    let logs = (ContinuousPropertyTests.logs + 2) / 3
    for i in 0..<logs {
      let seed = ContinuousPropertyTests.firstSeed + UInt64(i)
      let random = RandomLog(recordTimestamps: seed % 2 == 0, stepsDivideDay: true).makeCase(seed: seed)
      let expected = Oracle(plan: random.plan, hash: { $0.withUnsafeBytes(IdentifierHash.hash) })
        .run(random.partitions, order: .aligned)
      var run = RestoredRun(random, seed: seed)
      try run.finish()
      laneRestores += run.laneRestores
      shardRestores += run.shardRestores
      let problems = run.finals.problems + compare(engineNDJSON: run.finals.lines, oracle: expected.records)
      if !problems.isEmpty {
        Issue.record("seed \(seed): \(problems.prefix(5).joined(separator: "\n"))")
        return
      }
    }
    #expect(laneRestores > 100 && shardRestores > 100)
    print(
      "\(logs) random logs with \(laneRestores) restored lanes, \(shardRestores) restored shards"
    )
  }
}

/// The last final record of each identity.
struct FinalRecords {
  private(set) var problems: [String] = []
  private var finals: [[UInt8]: [UInt8]] = [:]
  private var sessionWindows: [[UInt8]]
  private var liveEnds: [[UInt8]: String] = [:]

  init(_ plan: EnginePlan) {
    sessionWindows = plan.windows.compactMap { window in
      if case .session = window.kind { Array((window.name + "|").utf8) } else { nil }
    }
  }

  var lines: [UInt8] { finals.values.flatMap { $0 + [0x0A] } }

  mutating func take(_ records: RecordBuffer) {
    records.visit { topic, key, value in
      let key = Array(key)
      let text = value.map { String(decoding: $0, as: UTF8.self) } ?? ""
      if topic == .live || text.contains("\"final\":false") {
        if text.isEmpty { return }
        let end = Self.text(text, "window_end")
        if let last = liveEnds[key], end < last {
          problems.append("live \(String(decoding: key, as: UTF8.self)) went back")
        }
        liveEnds[key] = end
        return
      }
      guard let value else {
        finals[key] = nil
        return
      }
      let isSession = topic == .metrics && sessionWindows.contains { key.starts(with: $0) }
      let identity =
        isSession ? key : key + Array((Self.text(text, "window_start") + Self.text(text, "window_end")).utf8)
      finals[identity] = Array(value)
    }
  }

  private static func text(_ value: String, _ field: String) -> String {
    String(value.split(separator: "\"\(field)\":\"", maxSplits: 1)[1].prefix { $0 != "\"" })
  }
}

private struct RestoredRun {
  private(set) var laneRestores = 0
  private(set) var shardRestores = 0
  private(set) var finals: FinalRecords
  private let random: RandomCase
  private var generator: SplitMix64
  private let plan: EnginePlan
  private let shardCount: Int
  private var generations: UInt64 = 0

  /// A lane's partition with what it has written.
  private final class Lane {
    let partition: UnsafeMutablePointer<SourcePartition>
    var blocks: [Block] = []
    var pieces: [PieceID: [UInt8]] = [:]
    var ids: [PieceID: [UInt8]] = [:]
    var last: LaneCheckpoint?

    init() { partition = .allocate(capacity: 1) }
  }

  private final class Shard {
    var shard: RollupShard
    var log: [[UInt8]] = []
    var changelog: ShardChangelog
    var copies: [PieceID: [UInt8]] = [:]
    var head: ShardHead?

    init(_ shard: RollupShard, _ changelog: ShardChangelog) {
      self.shard = shard
      self.changelog = changelog
    }
  }

  init(_ random: RandomCase, seed: UInt64) {
    self.random = random
    generator = SplitMix64(seed: seed &* 91)
    shardCount = [1, 3, 8][Int(seed % 3)]
    plan = EnginePlan(random.plan)
    finals = FinalRecords(plan)
  }

  private mutating func generation() -> UInt64 {
    generations += 1
    return generations
  }

  mutating func finish() throws {
    var decoder = EventDecoder(policy: DecodingPolicy(random.plan, plan))
    var event = decoder.makeEvent()
    let staged = StagedEvents(plan: plan, capacity: 40)
    let count = random.partitions.count
    let lanes = (0..<count).map { _ in Lane() }
    for (source, lane) in lanes.enumerated() { open(lane, source) }
    defer {
      for lane in lanes {
        lane.partition.deinitialize(count: 1)
        lane.partition.deallocate()
      }
    }
    let shards = (0..<shardCount).map { _ in
      Shard(
        RollupShard(plan: plan, mode: .continuous, sources: count),
        ShardChangelog(generation: generation(), partialsOffset: 0))
    }
    var positions = [Int](repeating: 0, count: count)
    var now: Int64 = 1_000_000
    while let source = (0..<count).filter({ positions[$0] < random.partitions[$0].count }).randomElement(
      using: &generator)
    {
      let lane = lanes[source]
      if Int.random(in: 0..<6, using: &generator) == 0 { try restore(lane, source) }
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
      lane.partition.pointee.count(staged) { _ in }
      staged.removeAll()
      let offset = Int64(positions[source])
      lane.partition.pointee.handOver(sourceOffset: offset)
      let checkpoint = lane.partition.pointee.takeCheckpoint(sourceOffset: offset, isIdle: false)
      lane.pieces[checkpoint.id] = checkpoint.bytes
      if let bytes = checkpoint.idBytes { lane.ids[checkpoint.ids!] = bytes }
      lane.last = checkpoint
      for block in lane.blocks { shards[block.shard].log.append(Array(block.bytes)) }
      lane.blocks.removeAll()
      let frontier = Frontier(
        source: source, watermark: checkpoint.watermark, newest: checkpoint.newest, isIdle: false, sourceOffset: offset)
      for shard in shards {
        shard.log.append(Frontier.encode([frontier], plan: plan))
        if Int.random(in: 0..<3, using: &generator) > 0 { try step(shard, now: now) }
        if Int.random(in: 0..<6, using: &generator) == 0 { try restore(shard) }
      }
      now += 100
    }
    for shard in shards {
      let ends = (0..<count).map { source in
        Frontier(
          source: source, watermark: .max, newest: lanes[source].partition.pointee.newest, isIdle: false,
          sourceOffset: Int64(positions[source]))
      }
      shard.log.append(Frontier.encode(ends, plan: plan))
      try step(shard, now: now)
    }
  }

  private mutating func open(_ lane: Lane, _ source: Int) {
    lane.partition.initialize(
      to: SourcePartition(
        plan: plan, shards: shardCount, source: source, mode: .continuous, generation: generation()
      ) { [unowned lane] in lane.blocks.append($0) })
  }

  private mutating func restore(_ lane: Lane, _ source: Int) throws {
    guard let last = lane.last else { return }
    laneRestores += 1
    lane.partition.deinitialize(count: 1)
    open(lane, source)
    let checkpoint = try last.bytes.withUnsafeBytes { try LaneCheckpoint(last.id, bytes: $0) }
    #expect(checkpoint.sourceOffset == last.sourceOffset && checkpoint.watermark == last.watermark)
    var pieces: [(PieceID, [UInt8])] = []
    var id: PieceID? = checkpoint.id
    while let one = id, one.sequence >= checkpoint.firstNeeded {
      pieces.insert((one, lane.pieces[one]!), at: 0)
      id = try lane.pieces[one]!.withUnsafeBytes { try LaneCheckpoint(one, bytes: $0) }.previous
    }
    var ids: [(PieceID, [UInt8])] = []
    id = checkpoint.ids
    while let one = id, one.sequence >= checkpoint.firstIDs {
      ids.insert((one, lane.ids[one]!), at: 0)
      id = try lane.ids[one]!.withUnsafeBytes { try IDPiece($0) }.previous
    }
    try lane.partition.pointee.restore(checkpoint, pieces: pieces, ids: ids)
  }

  /// Takes some of what has been committed, publishes, and commits.
  private mutating func step(_ one: Shard, now: Int64) throws {
    let from = Int(one.head?.partialsOffset ?? 0)
    var bytes = 0
    for offset in from..<one.log.count {
      try one.log[offset].withUnsafeBytes { try one.shard.apply(partial: $0, offset: Int64(offset)) }
      bytes += one.log[offset].count
    }
    one.shard.publish(now: now)
    finals.take(one.shard.records)
    one.shard.records.removeAll()
    one.changelog.credit(partialBytes: bytes, milliseconds: 100)
    let written = one.changelog.write(one.shard, partialsOffset: Int64(one.log.count))
    for copy in written.copies { one.copies[copy.id] = copy.contents }
    one.head = written.head
    #expect(one.shard.droppedPartials == 0)
  }

  private mutating func restore(_ one: Shard) throws {
    guard let head = one.head else { return }
    shardRestores += 1
    let read = try head.encoded.withUnsafeBytes { try ShardHead(head.id, bytes: $0) }
    let shard = RollupShard(plan: plan, mode: .continuous, sources: random.partitions.count)
    let copies = read.segments.map { $0.id.map { one.copies[$0]! } }
    try shard.restore(read, copies: copies)
    let from = read.segments.map(\.partialsOffset).min()!
    for offset in from..<read.partialsOffset {
      try one.log[Int(offset)].withUnsafeBytes { try shard.apply(partial: $0, offset: offset) }
    }
    try shard.resume(read)
    one.shard = shard
    one.changelog = ShardChangelog(
      generation: generation(), after: read, copyBytes: copies.map { $0?.count ?? 0 })
  }
}
