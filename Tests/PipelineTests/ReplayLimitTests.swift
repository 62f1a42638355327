import Foundation
import LiveEvents
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
