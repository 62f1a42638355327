import Foundation
import WindowEngine

/// Writes to a file or to standard output through a buffer. Thread-safe.
package final class FileWriter: @unchecked Sendable {
  private static let bufferLength = 1 << 20

  package let path: String
  private let descriptor: Int32
  private let lock = NSLock()
  private var buffer: [UInt8] = []
  /// Bytes written.
  package private(set) var byteCount: Int64 = 0

  /// Creates or empties the file at `path`; `-` is standard output.
  package init(path: String) throws(FileError) {
    self.path = path
    descriptor = path == "-" ? 1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .cannotWrite(path: path, reason: String(cString: strerror(errno))) }
    buffer.reserveCapacity(Self.bufferLength + (64 << 10))
  }

  deinit {
    if descriptor > 2 { close(descriptor) }
  }

  /// Appends what `body` puts into the buffer.
  package func write(_ body: (inout [UInt8]) throws -> Void) throws {
    lock.lock()
    defer { lock.unlock() }
    try body(&buffer)
    if buffer.count >= Self.bufferLength { try flushLocked() }
  }

  package func flush() throws {
    lock.lock()
    defer { lock.unlock() }
    try flushLocked()
  }

  private func flushLocked() throws {
    try buffer.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
        if count < 0 {
          if errno == EINTR { continue }
          throw FileError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        written += count
      }
    }
    byteCount += Int64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Writes the values of final records as lines.
final class FileSink: RecordSink {
  private let writer: FileWriter

  init(_ writer: FileWriter) { self.writer = writer }

  func deliver(_ records: RecordBuffer, shard: Int) throws {
    try writer.write { buffer in
      records.visit { _, _, value in
        guard let value else { return }
        buffer.append(contentsOf: value)
        buffer.append(0x0A)
      }
    }
  }
}

extension FileSink {
  func settle() {}
}

/// Writes rejects of files as lines of JSON.
final class RejectFile: Sendable {
  private let writer: FileWriter
  private let paths: [String]

  /// `paths` are the inputs' names, by source partition.
  init(_ writer: FileWriter, paths: [String]) {
    self.writer = writer
    self.paths = paths
  }

  private struct Line: Encodable {
    let reason: String
    let detail: String
    let file: String
    let line: Int64
    let offset: Int64
    let bytes: String?
    let base64: String?

    enum CodingKeys: String, CodingKey {
      case reason, detail, file, line, offset, bytes
      case base64 = "bytes_base64"
    }
  }

  func write(_ rejects: [Reject]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    for reject in rejects {
      let text = String(validating: reject.bytes, as: UTF8.self)
      let line = try encoder.encode(
        Line(
          reason: reject.reason.rawValue, detail: reject.detail, file: paths[reject.source], line: reject.line,
          offset: reject.offset, bytes: text,
          base64: text == nil ? Data(reject.bytes).base64EncodedString() : nil))
      try writer.write { buffer in
        buffer.append(contentsOf: line)
        buffer.append(0x0A)
      }
    }
  }
}
