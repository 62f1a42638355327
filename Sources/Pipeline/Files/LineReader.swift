// Invariant that makes this file safe: the unread bytes are `buffer.base[start..<end]`, `end <= buffer.capacity`, and
// whoever reads a line after the buffer was next filled holds the buffer: one that is held is not written again.

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

/// Bytes of a file. What is held by somebody else than its reader stays as it is.
final class LineBuffer: @unchecked Sendable {
  fileprivate let base: UnsafeMutableRawPointer
  fileprivate let capacity: Int

  fileprivate init(capacity: Int) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit { base.deallocate() }
}

/// Reads a file or a pipe line by line through one buffer.
final class LineReader {
  /// A line is kept whole, since a rejected one goes unchanged to the rejects; without a bound a binary file would be
  /// read into memory at once.
  static let maxLineLength = 64 << 20
  /// Fits the second-level cache, so that the line is still there when it is decoded.
  private static let bufferLength = 256 << 10

  let path: String
  /// The size of a regular file, 0 where it is not known.
  let size: Int64
  private let descriptor: Int32
  /// Where the lines lie that come next.
  @exclusivity(unchecked) private(set) var buffer = LineBuffer(capacity: LineReader.bufferLength)
  @exclusivity(unchecked) private var start = 0
  private var end = 0
  private var isAtEnd = false
  /// The line that comes next, from 1.
  @exclusivity(unchecked) private(set) var line: Int64 = 1
  /// The byte offset of the next line.
  @exclusivity(unchecked) private(set) var offset: Int64 = 0

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

  /// Calls `body` with up to `limit` lines, without their ends, and says whether there may be more. If it
  /// `stopsAtFill`, all lie in what ``buffer`` is when `body` is called.
  func readLines(
    _ limit: Int, stopsAtFill: Bool = false,
    _ body: (UnsafeRawBufferPointer, _ offset: Int64, _ line: Int64) -> Void
  ) throws -> Bool {
    var count = 0
    while count < limit {
      guard let newline = memchr(buffer.base + start, 0x0A, end - start) else {
        if isAtEnd {
          if start < end { deliver(end - start, terminator: 0, body) }
          return false
        }
        try fill()
        if stopsAtFill && count > 0 { return true }
        continue
      }
      let length = UnsafeRawPointer(newline) - UnsafeRawPointer(buffer.base + start)
      deliver(length, terminator: 1, body)
      count += 1
    }
    return true
  }

  @inline(__always)
  private func deliver(
    _ length: Int, terminator: Int, _ body: (UnsafeRawBufferPointer, _ offset: Int64, _ line: Int64) -> Void
  ) {
    body(UnsafeRawBufferPointer(start: buffer.base + start, count: length), offset, line)
    start += length + terminator
    offset += Int64(length + terminator)
    line += 1
  }

  private func fill() throws(FileError) {
    if end - start == buffer.capacity && buffer.capacity >= LineReader.maxLineLength {
      throw .lineTooLong(path: path, line: line)
    }
    if end - start < buffer.capacity && isKnownUniquelyReferenced(&buffer) {
      if start > 0 { memmove(buffer.base, buffer.base + start, end - start) }
    } else {
      let next = LineBuffer(capacity: end - start == buffer.capacity ? buffer.capacity * 2 : buffer.capacity)
      next.base.copyMemory(from: buffer.base + start, byteCount: end - start)
      buffer = next
    }
    end -= start
    start = 0
    var count = read(descriptor, buffer.base + end, buffer.capacity - end)
    while count < 0 && errno == EINTR { count = read(descriptor, buffer.base + end, buffer.capacity - end) }
    if count < 0 { throw .cannotRead(path: path, reason: String(cString: strerror(errno))) }
    if count == 0 { isAtEnd = true }
    end += count
  }
}
