// Invariant that makes this file safe: a block's `base` has `capacity` bytes of which the first `count` are read, and its
// first `lineCount` ends lie among them, ascending. One thread at a time has a block.

import CLineIndex
import Foundation

/// A file that cannot be read.
public enum FileError: Error, CustomStringConvertible {
  case cannotOpen(path: String, reason: String)
  case cannotRead(path: String, reason: String)
  case cannotWrite(path: String, reason: String)
  case lineTooLong(path: String, line: Int64)
  case sameFile(path: String)

  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "cannot open \(path): \(reason); name a file that can be read"
    case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
    case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
    case .sameFile(let path): "\(path) would be read and written, or written twice; name another file"
    case .lineTooLong(let path, let line):
      "\(path):\(line): a line is longer than \(LineReader.maxLineLength) bytes; is this a file of one JSON object a line?"
    }
  }
}

/// Whole lines of a file, one behind the other, and where they stand in it.
final class LineBlock: @unchecked Sendable {
  /// Lines that a block has at most.
  static let maxLines = linesWanted + Int(LT_SPARE_ENDS)
  private static let linesWanted = 1 << 10
  /// Fits the second-level cache beside what is made of it. A block is larger only while it has a longer line.
  private static let usualLength = 64 << 10

  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var count = 0
  private let ends: UnsafeMutablePointer<UInt32>
  private var scanned = 0
  private(set) var lineCount = 0
  /// Whether a newline is behind the last line.
  private var isTerminated = true
  /// The offset of the first line in the file.
  private(set) var offset: Int64 = 0
  /// The number of the first line in the file, from 1.
  private(set) var line: Int64 = 1

  init() {
    capacity = Self.usualLength
    base = .allocate(capacity: capacity)
    ends = .allocate(capacity: Self.maxLines)
  }

  deinit {
    base.deallocate()
    ends.deallocate()
  }

  /// Bytes of all lines and their newlines.
  var byteCount: Int { lineCount == 0 ? 0 : Int(ends[lineCount - 1]) + (isTerminated ? 1 : 0) }

  /// Calls `body` with each line, without its newline.
  @inline(__always)
  func forEachLine(_ body: (UnsafeRawBufferPointer, _ offset: Int64, _ line: Int64) -> Void) {
    var start = 0
    for i in 0..<lineCount {
      let end = Int(ends[i])
      body(UnsafeRawBufferPointer(start: base + start, count: end - start), offset + Int64(start), line + Int64(i))
      start = end + 1
    }
  }

  // MARK: Filling

  /// Begins anew with what was read behind the block before.
  fileprivate func begin(with rest: [UInt8], offset: Int64, line: Int64) {
    let wanted = max(Self.usualLength, rest.count)
    count = 0
    if capacity < wanted || capacity > 2 * wanted { resize(to: wanted) }
    rest.withUnsafeBufferPointer { if let source = $0.baseAddress { base.update(from: source, count: $0.count) } }
    (count, scanned, lineCount, isTerminated) = (rest.count, 0, 0, true)
    (self.offset, self.line) = (offset, line)
  }

  fileprivate var isFull: Bool { count == capacity }

  /// Whether it has no room for a longer line.
  fileprivate var isLargest: Bool { capacity > LineReader.maxLineLength }

  fileprivate func grow() { resize(to: min(2 * capacity, LineReader.maxLineLength + 1)) }

  /// Takes what `read` puts behind the bytes that there are: never more than fits a usual block, so that what is left over
  /// behind a long line is not copied from block to block.
  fileprivate func append(_ read: (UnsafeMutableRawPointer, Int) -> Int) -> Int {
    let more = read(base + count, min(capacity - count, Self.usualLength))
    count += max(0, more)
    return more
  }

  /// Looks for whole lines; `false` where there is none.
  fileprivate func findLines() -> Bool {
    lineCount = lt_line_ends(base, scanned, count, ends, Self.linesWanted, &scanned)
    return lineCount > 0
  }

  /// Makes a line of what is behind the last newline of the file; `false` where nothing is.
  fileprivate func takeLastLine() -> Bool {
    if count == 0 { return false }
    ends[0] = UInt32(count)
    (lineCount, isTerminated) = (1, false)
    return true
  }

  /// What is behind the last whole line.
  fileprivate var rest: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: base + byteCount, count: count - byteCount)
  }

  private func resize(to newCapacity: Int) {
    let next = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
    next.update(from: base, count: min(count, newCapacity))
    base.deallocate()
    base = next
    capacity = newCapacity
  }
}

/// Reads a file or a pipe in blocks of whole lines.
final class LineReader {
  /// A line is kept whole, since a rejected one goes unchanged to the rejects; without a bound a binary file would be
  /// read into memory at once.
  static let maxLineLength = 64 << 20

  let path: String
  /// The size of a regular file, 0 where it is not known.
  let size: Int64
  private let descriptor: Int32
  /// What was read behind the last block.
  private var rest: [UInt8] = []
  private var isAtEnd = false
  /// The line that comes next, from 1.
  private var line: Int64 = 1
  /// The byte offset of the next line.
  private var offset: Int64 = 0

  /// Opens `path`; `-` is standard input.
  init(path: String) throws(FileError) {
    self.path = path
    descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw .cannotOpen(path: path, reason: String(cString: strerror(errno))) }
    var status = stat()
    fstat(descriptor, &status)
    if status.st_mode & S_IFMT == S_IFDIR {
      close(descriptor)
      throw .cannotOpen(path: path, reason: "it is a directory")
    }
    size = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : 0
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  deinit {
    if descriptor > 0 { close(descriptor) }
  }

  /// Reads the next lines into a block, as many as there are by now; `false` at the end, where there are none. Throws
  /// when the file cannot be read, or a line is longer than ``maxLineLength``.
  func read(into block: LineBlock) throws(FileError) -> Bool {
    block.begin(with: rest, offset: offset, line: line)
    while !block.findLines() {
      if isAtEnd {
        if block.takeLastLine() { break }
        return false
      }
      if block.isFull {
        if block.isLargest { throw .lineTooLong(path: path, line: line) }
        block.grow()
      }
      try append(to: block)
    }
    rest.removeAll(keepingCapacity: block.rest.count >= rest.capacity / 4)
    rest.append(contentsOf: block.rest)
    offset += Int64(block.byteCount)
    line += Int64(block.lineCount)
    return true
  }

  private func append(to block: LineBlock) throws(FileError) {
    var count = -1
    repeat {
      count = block.append { Foundation.read(descriptor, $0, $1) }
    } while count < 0 && errno == EINTR
    if count < 0 { throw .cannotRead(path: path, reason: String(cString: strerror(errno))) }
    if count == 0 { isAtEnd = true }
  }
}
