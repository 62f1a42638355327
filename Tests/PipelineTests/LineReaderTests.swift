import CLineIndex
import Foundation
import Oracle
import Testing

@testable import Pipeline

@Suite struct LineReaderTests {
  private struct Line: Equatable {
    let bytes: [UInt8]
    let offset: Int64
    let number: Int64
  }

  private func read(_ path: String) throws -> [Line] {
    let reader = try LineReader(path: path)
    var blocks = [LineBlock(), LineBlock()]
    var lines: [Line] = []
    while try reader.read(into: blocks[0]) {
      #expect(blocks[0].lineCount > 0 && blocks[0].lineCount <= LineBlock.maxLines)
      let first = lines.count
      blocks[0].forEachLine { lines.append(Line(bytes: Array($0), offset: $1, number: $2)) }
      let bytes = lines[first...].reduce(0) { $0 + $1.bytes.count + 1 }
      #expect(blocks[0].byteCount == bytes || blocks[0].byteCount == bytes - 1)
      blocks.swapAt(0, 1)
    }
    let hasMore = try reader.read(into: blocks[0])
    #expect(!hasMore && blocks[0].lineCount == 0 && blocks[0].byteCount == 0)
    return lines
  }

  /// What there is, by a plain split.
  private func split(_ bytes: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var offset = 0
    for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      lines.append(Line(bytes: Array(part), offset: Int64(offset), number: Int64(lines.count + 1)))
      offset += part.count + 1
    }
    if bytes.isEmpty || bytes.last == 0x0A { lines.removeLast() }
    return lines
  }

  /// Lines of any length: none, as many in a block as it may have, longer than a block.
  private func text(_ random: inout SplitMix64) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<Int(random.next() % 12) {
      let count = [1, 1, 40, 3_000][Int(random.next() % 4)]
      let longest = [1, 3, 70, 400, 40_000, 300_000][Int(random.next() % (count > 40 ? 4 : 6))]
      for _ in 0..<count {
        let length = Int(random.next() % UInt64(longest + 1))
        bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: random.next() % 200 + 20), count: length)
        bytes.append(0x0A)
      }
    }
    if random.next() % 2 == 0 { bytes += Array("{} and no end".utf8) }
    return bytes
  }

  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lines-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appendingPathComponent("text").path)
  }

  @Test func everyLineOfAFileComesOnceWithItsPlace() throws {
    var random = SplitMix64(seed: 8)
    for _ in 0..<40 {
      let bytes = text(&random)
      try inFolder { path in
        try Data(bytes).write(to: URL(filePath: path))
        let lines = try read(path)
        #expect(lines == split(bytes))
      }
    }
  }

  @Test func linesComeAsTheyAreWrittenToAPipe() throws {
    var random = SplitMix64(seed: 9)
    for _ in 0..<10 {
      let bytes = text(&random)
      let sizes = (0..<64).map { _ in Int(random.next() % 9_000) + 1 }
      try inFolder { path in
        #expect(mkfifo(path, 0o600) == 0)
        let writer = Thread {
          let descriptor = open(path, O_WRONLY)
          var at = 0
          var round = 0
          bytes.withUnsafeBytes {
            while at < $0.count {
              at += max(0, write(descriptor, $0.baseAddress! + at, min(sizes[round % 64], $0.count - at)))
              round += 1
            }
          }
          close(descriptor)
        }
        writer.start()
        let lines = try read(path)
        #expect(lines == split(bytes))
      }
    }
  }

  @Test func endsAreFoundWithAndWithoutInstructionsOfTheProcessor() {
    var random = SplitMix64(seed: 10)
    for round in 0..<2_000 {
      let share = [2, 9, 90, 400][round % 4] as UInt64
      let bytes = (0..<Int(random.next() % 700)).map { _ in
        random.next() % share == 0 ? 0x0A : UInt8(truncatingIfNeeded: random.next())
      }
      let from = bytes.isEmpty ? 0 : Int(random.next() % UInt64(bytes.count))
      for (limit, find) in [
        (1, lt_line_ends), (1, lt_line_ends_portable), (900, lt_line_ends), (900, lt_line_ends_portable),
      ] {
        var ends = [UInt32](repeating: 0, count: limit + Int(LT_SPARE_ENDS))
        var scanned = -1
        let found = find(bytes, from, bytes.count, &ends, limit, &scanned)
        let wanted = bytes.indices.filter { $0 >= from && $0 < scanned && bytes[$0] == 0x0A }
        #expect(ends.prefix(found).map(Int.init) == wanted)
        #expect(scanned == bytes.count || found >= limit)
      }
    }
  }

  /// Lines that were read are not kept back until the pipe says more.
  @Test func wholeLinesDoNotWaitForMore() throws {
    try inFolder { path in
      #expect(mkfifo(path, 0o600) == 0)
      let text = String(repeating: "{}\n", count: 5_000)
      let hasRead = DispatchSemaphore(value: 0)
      let writer = Thread {
        let descriptor = open(path, O_WRONLY)
        _ = text.withCString { write(descriptor, $0, strlen($0)) }
        hasRead.wait()
        close(descriptor)
      }
      writer.start()
      let reader = try LineReader(path: path)
      let block = LineBlock()
      var count = 0
      while count < 5_000 {
        let hasMore = try reader.read(into: block)
        #expect(hasMore)
        count += block.lineCount
      }
      #expect(count == 5_000)
      hasRead.signal()
    }
  }

  @Test func aLineMayBeAsLongAsTheLimit() throws {
    try inFolder { path in
      let longest = [UInt8](repeating: 0x61, count: LineReader.maxLineLength)
      for end in ["\n", "\nb", ""] {
        try (Data(longest) + Data(end.utf8)).write(to: URL(filePath: path))
        let lines = try read(path)
        #expect(lines.map(\.bytes.count) == [LineReader.maxLineLength] + (end.count == 2 ? [1] : []))
      }
      try (Data("x\n".utf8) + Data(longest) + Data("a\n".utf8)).write(to: URL(filePath: path))
      let error = #expect(throws: FileError.self) { try read(path) }
      #expect("\(error!)".contains("text:2: a line is longer than \(LineReader.maxLineLength) bytes"))
    }
  }
}
