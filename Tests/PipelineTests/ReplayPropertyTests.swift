import Foundation
import LiveEvents
import Oracle
import Pipeline
import Testing
import WindowEngine

/// Random event logs through the engine and through the oracle, compared record by record and field by field.
///
/// `LIVETALLY_TEST_LOGS` sets how many logs are tried (2000), `LIVETALLY_TEST_SEED` the first seed (1).
@Suite struct ReplayPropertyTests {
  static let logs = ProcessInfo.processInfo.environment["LIVETALLY_TEST_LOGS"].flatMap(Int.init) ?? 2000
  static let firstSeed = ProcessInfo.processInfo.environment["LIVETALLY_TEST_SEED"].flatMap(UInt64.init) ?? 1

  @Test func finalRecordsAndRejectsEqualTheOracles() throws {
    let generator = RandomLog(stepsDivideDay: true)
    var records = 0
    var rejects = 0
    for i in 0..<Self.logs {
      let seed = Self.firstSeed + UInt64(i)
      let random = generator.makeCase(seed: seed)
      let expected = Oracle(plan: random.plan, hash: Self.hash).run(random.partitions, order: .aligned)
      let lanes = [1, 2, 3, 8][i % 4]
      let result = try Self.replay(random, lanes: lanes)
      let differences = compare(engineNDJSON: result.output, oracle: expected.records)
      records += expected.records.count
      rejects += expected.rejects.count
      if !differences.isEmpty {
        Issue.record("seed \(seed), \(lanes) lanes: \(differences.prefix(5).joined(separator: "\n"))")
        return
      }
      let wanted = expected.rejects.map { "\($0.partition)/\($0.index): \($0.reason.rawValue)" }.sorted()
      if result.rejects != wanted {
        Issue.record("seed \(seed): rejects \(Set(result.rejects).symmetricDifference(wanted).sorted().prefix(5))")
        return
      }
      if result.summary.counts[.duplicate] != UInt64(expected.duplicates) {
        Issue.record("seed \(seed): \(result.summary.counts[.duplicate]) duplicates instead of \(expected.duplicates)")
        return
      }
    }
    print("compared \(records) final records and \(rejects) rejects of \(Self.logs) random logs")
  }

  @Test func anyNumberOfLanesGivesTheSameRecords() throws {
    let generator = RandomLog(stepsDivideDay: true)
    for seed in UInt64(500_000)..<500_100 {
      let random = generator.makeCase(seed: seed)
      let one = try Self.replay(random, lanes: 1)
      for lanes in [2, 3, 8] {
        let other = try Self.replay(random, lanes: lanes)
        if one.lines != other.lines {
          Issue.record("seed \(seed): \(lanes) lanes differ from one")
          return
        }
      }
    }
  }

  @Test func splittingTheEventsBySessionChangesNothingWhereNoneIsTooLate() throws {
    let generator = RandomLog(stepsDivideDay: true)
    var compared = 0
    for seed in UInt64(700_000)..<700_250 {
      var whole = generator.makeCase(seed: seed)
      whole.plan.maxKeys = 1_000_000
      // An hour of lateness, so that little is too late under any split.
      whole.plan.time.allowedLateness = 3_600_000
      whole.partitions = [whole.partitions[0]]
      var parts = whole
      let count = Int(seed % 16) + 1
      let homes = Self.homes(of: whole.partitions[0], partitions: count)
      parts.partitions = (0..<count).map { part in
        zip(whole.partitions[0], homes).filter { $0.1 == part }.map(\.0)
      }
      // Where an event is too late, or an id recurs beyond the horizon, depends on the split; such logs are left out.
      guard Self.counted(whole, homes: [Int](repeating: 0, count: homes.count)) == Self.counted(parts, homes: homes)
      else { continue }
      compared += 1
      let one = try Self.replay(whole, lanes: 1)
      let many = try Self.replay(parts, lanes: 2)
      if one.lines != many.lines {
        Issue.record("seed \(seed): \(count) partitions differ from one")
        return
      }
    }
    #expect(compared >= 100)
    print("compared \(compared) logs over 1 to 16 partitions")
  }

  /// The partition of each event: by a hash of its session, and 0 where it has none that can be read.
  private static func homes(of events: [OracleInput], partitions: Int) -> [Int] {
    var decoder = EventDecoder(
      policy: DecodingPolicy(
        reportingCurrency: CurrencyCode("CNY")!, rates: [:], maxFutureMilliseconds: 0, hashed: [.sessionID]))
    var event = decoder.makeEvent()
    return events.map { input in
      input.bytes.withUnsafeBytes { bytes in
        _ = decoder.decode(bytes, recordTimestamp: -1, into: &event)
        return Int(event[.sessionID].hash % UInt64(partitions))
      }
    }
  }

  /// Which events of a split log are counted, as positions in the whole log.
  private static func counted(_ random: RandomCase, homes: [Int]) -> Set<Int> {
    let result = Oracle(plan: random.plan, hash: hash).run(random.partitions, order: .byPartition)
    var positions = random.partitions.map { _ in [Int]() }
    for (index, home) in homes.enumerated() { positions[home].append(index) }
    return Set(homes.indices).subtracting(
      (result.rejects + result.duplicateEvents).map { positions[$0.partition][$0.index] })
  }

  // MARK: Running a replay

  struct Result {
    let output: [UInt8]
    let rejects: [String]
    let summary: Replay.Summary

    var lines: [String] { String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init).sorted() }
  }

  static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes(IdentifierHash.hash) }

  static func replay(_ random: RandomCase, lanes: Int) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("replay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var inputs: [String] = []
    for (i, file) in random.files.enumerated() {
      let path = folder.appendingPathComponent("\(i).ndjson")
      try Data(file).write(to: path)
      inputs.append(path.path)
    }
    var options = Replay.Options(inputs: inputs)
    options.output = folder.appendingPathComponent("output.ndjson").path
    options.rejects = folder.appendingPathComponent("rejects.ndjson").path
    options.lanes = lanes
    let setup = EngineSetup(random.plan)
    let summary = try Replay(plan: setup.plan, policy: setup.policy, options: options).run()
    let output = try Data(contentsOf: URL(fileURLWithPath: options.output))
    struct Line: Decodable {
      let reason: String
      let file: String
      let line: Int
    }
    let rejects = try Data(contentsOf: URL(fileURLWithPath: options.rejects!)).split(separator: 0x0A).map {
      let line = try JSONDecoder().decode(Line.self, from: Data($0))
      return "\(inputs.firstIndex(of: line.file)!)/\(line.line - 1): \(line.reason)"
    }
    return Result(output: [UInt8](output), rejects: rejects.sorted(), summary: summary)
  }
}

extension EngineSetup {
  init(_ plan: OraclePlan) {
    var configuration = Configuration.replayDefault
    configuration.time = plan.time
    configuration.windows = plan.windows
    configuration.groups = plan.groups
    configuration.leaderboards = plan.leaderboards
    configuration.currency = plan.currency
    configuration.rates = plan.rates
    configuration.limits.maxKeys = plan.maxKeys
    self.init(configuration)
  }
}
