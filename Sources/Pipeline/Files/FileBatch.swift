import WindowEngine

/// A block of lines of a file, and what is decoded from it.
final class FileBatch: @unchecked Sendable {
  let block = LineBlock()
  let events: IntakeBatch
  /// Which block of the file it is, where somebody counts them.
  var number = 0
  /// Whether the file is at its end; then there are no lines.
  private(set) var isEnd = false

  init(plan: EnginePlan) { events = IntakeBatch(plan: plan, capacity: LineBlock.maxLines) }

  /// The offset behind the last line.
  var endOffset: Int64 { block.offset + Int64(block.byteCount) }

  /// Reads the next block. Throws what the reader throws.
  func read(from reader: LineReader) throws(FileError) { isEnd = try !reader.read(into: block) }

  /// Decodes what was read.
  func decode(with decoder: IntakeDecoder) {
    // Not asked for again with each line.
    let events = events
    events.removeAll()
    block.forEachLine { bytes, offset, line in
      if !Self.isBlank(bytes) { decoder.take(bytes, recordTimestamp: -1, offset: offset, line: line, into: events) }
    }
  }

  @inline(__always)
  private static func isBlank(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if let first = bytes.first, first == UInt8(ascii: "{") { return false }
    return bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
  }
}
