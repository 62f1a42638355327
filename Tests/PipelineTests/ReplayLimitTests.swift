import Foundation
import LiveEvents
import Synchronization
import Testing

@testable import Pipeline

@Suite struct ReplayLimitTests {
  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("limits-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func options(_ folder: URL, _ inputs: [String]) -> Replay.Options {
    var options = Replay.Options(inputs: inputs.map { folder.appendingPathComponent($0).path })
    options.output = folder.appendingPathComponent("output").path
    options.rejects = folder.appendingPathComponent("rejects").path
    return options
  }

  private func run(_ options: Replay.Options) throws -> Replay.Summary {
    let setup = EngineSetup(.replayDefault)
    return try Replay(plan: setup.plan, policy: setup.policy, options: options).run()
  }

  @Test func aLineThatIsLongerThanTheLimitEndsTheReplayWithItsPlace() throws {
    try inFolder { folder in
      var text = Data("\n".utf8)
      text.append(Data(repeating: 0x20, count: LineReader.maxLineLength + 1))
      try text.write(to: folder.appendingPathComponent("long"))
      let error = #expect(throws: FileError.self) { try run(options(folder, ["long"])) }
      #expect("\(error!)".contains("long:2: a line is longer than \(LineReader.maxLineLength) bytes"))
    }
  }

  @Test func aFloodOfGarbageIsWrittenOutCompletely() throws {
    try inFolder { folder in
      // More than a lane holds back, in lines of which some are over the size of an event.
      let garbage = (0..<600).map { i in "{\"n\":\(i),\"x\":\"" + String(repeating: "y", count: i * 120) + "\"" }
      let text = garbage.joined(separator: "\n") + "\n"
      try Data(text.utf8).write(to: folder.appendingPathComponent("garbage"))
      let summary = try run(options(folder, ["garbage"]))
      #expect(summary.counts[.malformedJSON] + summary.counts[.tooLarge] == 600)
      #expect(summary.counts[.tooLarge] == UInt64(garbage.filter { $0.utf8.count > 65_536 }.count))
      struct Line: Decodable {
        let reason: String
        let line: Int
        let offset: Int
        let bytes: String
      }
      let lines = try Data(contentsOf: folder.appendingPathComponent("rejects")).split(separator: 0x0A).map {
        try JSONDecoder().decode(Line.self, from: Data($0))
      }
      #expect(lines.map(\.bytes) == garbage)
      #expect(lines.map(\.line) == Array(1...600))
      let bytes = Array(text.utf8)
      #expect(lines.allSatisfy { Array(bytes[$0.offset...].prefix($0.bytes.utf8.count)) == Array($0.bytes.utf8) })
    }
  }

  /// A file on its own is decoded by several threads, one of several is not.
  @Test func aFileOnItsOwnGivesWhatItGivesBesideAnEmptyOne() throws {
    try inFolder { folder in
      var lines: [String] = []
      for i in 0..<6000 {
        let ts = 1_592_308_800_000 + i * 50 - (i % 90 == 89 ? 200_000 : 0)
        let id = i % 70 == 69 ? "e\(i - 5)" : "e\(i)"
        let event =
          "{\"event_id\":\"\(id)\",\"type\":\"paid\",\"ts\":\(ts),\"order_id\":\"o\(i)\",\"session_id\":\"s\(i % 7)\","
          + "\"host_id\":\"h\(i % 3)\",\"product_id\":\"p\(i % 50)\",\"buyer_id\":\"b\(i % 900)\",\"quantity\":1,"
          + "\"amount\":\"\(i).50\"}"
        lines.append(i % 50 == 49 ? String(event.dropLast()) : event)
        if i % 400 == 0 { lines.append("  ") }
      }
      // Several blocks, and no end of the last line.
      try Data(lines.joined(separator: "\n").utf8).write(to: folder.appendingPathComponent("events"))
      try Data().write(to: folder.appendingPathComponent("empty"))
      func results(_ inputs: [String]) throws -> (metrics: [Data], rejects: Data, counts: EventCounts) {
        var options = options(folder, inputs)
        options.keepsDuplicates = true
        let summary = try run(options)
        let metrics = try Data(contentsOf: URL(filePath: options.output)).split(separator: 0x0A).map { Data($0) }
        return (
          metrics.sorted { $0.lexicographicallyPrecedes($1) }, try Data(contentsOf: URL(filePath: options.rejects!)),
          summary.counts
        )
      }
      let alone = try results(["events"])
      let beside = try results(["events", "empty"])
      #expect(alone.metrics == beside.metrics && alone.metrics.count > 1000)
      #expect(alone.rejects == beside.rejects)
      #expect(alone.counts.accepted == beside.counts.accepted && alone.counts.rejected == beside.counts.rejected)
      func isBroken(_ i: Int) -> Bool { i % 50 == 49 }
      func isLate(_ i: Int) -> Bool { i % 90 == 89 && !isBroken(i) }
      let late = (0..<6000).filter(isLate)
      let repeated = (0..<6000).filter { i in
        i % 70 == 69 && ![i, i - 5].contains { isBroken($0) || isLate($0) }
      }
      #expect(alone.counts[.malformedJSON] == 120 && alone.counts.total == 6000)
      #expect(alone.counts[.tooLate] == UInt64(late.count) && alone.counts[.duplicate] == UInt64(repeated.count))
    }
  }

  @Test func aWriterThatFailsEndsAReplayOfInputWithoutEnd() throws {
    try inFolder { folder in
      let fifo = folder.appendingPathComponent("endless").path
      #expect(mkfifo(fifo, 0o600) == 0)
      let hasEnded = Atomic<Bool>(false)
      let writer = Thread {
        signal(SIGPIPE, SIG_IGN)
        let descriptor = open(fifo, O_WRONLY)
        let garbage = Array(String(repeating: "{\"x\":1\n", count: 4096).utf8)
        while !hasEnded.load(ordering: .acquiring) {
          if write(descriptor, garbage, garbage.count) < 0 { break }
        }
        close(descriptor)
      }
      writer.start()
      var options = Replay.Options(inputs: [fifo])
      options.output = folder.appendingPathComponent("output").path
      options.rejects = "/dev/full"
      let error = #expect(throws: FileError.self) { try run(options) }
      hasEnded.store(true, ordering: .releasing)
      #expect("\(error!)".contains("/dev/full"))
    }
  }

  @Test func bytesThatAreNoTextAreKeptAsBase64() throws {
    try inFolder { folder in
      try Data([0x7B, 0xFF, 0xFE, 0x0A, 0x0D, 0x0A, 0x20, 0x0A]).write(to: folder.appendingPathComponent("raw"))
      let summary = try run(options(folder, ["raw"]))
      // The two lines of white space are skipped.
      #expect(summary.counts.total == 1)
      let line = try String(contentsOf: folder.appendingPathComponent("rejects"), encoding: .utf8)
      #expect(line.contains("\"bytes_base64\":\"\(Data([0x7B, 0xFF, 0xFE]).base64EncodedString())\""))
      #expect(!line.contains("\"bytes\":"))
    }
  }

  @Test func aFileThatIsNotThereOrAFolderIsNamed() throws {
    try inFolder { folder in
      for name in ["missing", "."] {
        let error = #expect(throws: FileError.self) { try run(options(folder, [name])) }
        #expect("\(error!)".hasPrefix("cannot open \(folder.appendingPathComponent(name).path)"))
      }
    }
  }
}
