// Invariant that makes this file safe: `position` never passes `bytes.count`; every read checks what is left first.

/// State of ours, in a topic, that cannot be read.
public enum StateError: Error, Equatable, CustomStringConvertible {
  /// What kind of record it is.
  public enum Kind: String, Sendable {
    case partial, checkpoint

    /// The format version that is written and read.
    var version: UInt8 {
      switch self {
      case .partial: BlockFormat.version
      case .checkpoint: StateRecord.version
      }
    }
  }

  case version(Kind, UInt8)
  case truncated(Kind, at: Int)
  case invalid(Kind, at: Int, what: String)
  case checksum(Kind)

  public var description: String {
    switch self {
    case .version(let kind, let version):
      "a \(kind) has format version \(version), this program reads \(kind.version): run the version that wrote it, "
        + "or forget the stored state with livetally reset"
    case .truncated(let kind, let offset):
      "a \(kind) ends early, at byte \(offset): the topic is damaged or not Livetally's"
    case .invalid(let kind, let offset, let what): "a \(kind) has a bad \(what) at byte \(offset): the topic is damaged"
    case .checksum(let kind): "a \(kind) does not have the checksum it was written with: the topic is damaged"
    }
  }
}

/// Takes encoded bytes apart, in place.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  let kind: StateError.Kind
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer, kind: StateError.Kind) {
    self.bytes = bytes
    self.kind = kind
  }

  var isAtEnd: Bool { position == bytes.count }

  /// An error about what was read last.
  func invalid(_ what: String) -> StateError { .invalid(kind, at: position, what: what) }

  @inline(__always)
  mutating func byte() throws(StateError) -> UInt8 {
    guard position < bytes.count else { throw .truncated(kind, at: bytes.count) }
    position += 1
    return bytes[position - 1]
  }

  @inline(__always)
  mutating func varint() throws(StateError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
      guard shift < 64 else { throw invalid("number") }
    }
  }

  mutating func signed() throws(StateError) -> Int64 {
    let zigzag = try varint()
    return Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
  }

  /// A number of things, at most `limit`.
  mutating func count(upTo limit: Int, _ what: String) throws(StateError) -> Int {
    let value = try varint()
    guard value <= UInt64(limit) else { throw invalid(what) }
    return Int(value)
  }

  mutating func word() throws(StateError) -> UInt64 {
    guard bytes.count - position >= 8 else { throw .truncated(kind, at: bytes.count) }
    defer { position += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  @inline(__always)
  mutating func take(_ count: Int) throws(StateError) -> UnsafeRawBufferPointer {
    guard bytes.count - position >= count else { throw .truncated(kind, at: bytes.count) }
    let start = position
    position += count
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// A key's text, with its length in front: whole fields, absent ones empty; see ``KeyText``.
  mutating func keyText() throws(StateError) -> UnsafeRawBufferPointer {
    let text = try take(try count(upTo: KeyText.maxLength, "key"))
    var at = 0
    while at < text.count { at += 1 + Int(text[at]) }
    guard at == text.count else { throw invalid("key") }
    return text
  }

  /// Counters as ``ByteBuffer/put(_:marks:)-(Counters,_)`` writes them; returns which there are, and the marks.
  mutating func counters(into counters: inout Counters) throws(StateError) -> PackedAccumulator.Contents {
    let head = try take(3)
    let contents = (UInt32(head[0]) | UInt32(head[1]) << 8 | UInt32(head[2]) << 16) & PackedAccumulator.allContents
    var bits = contents & PackedAccumulator.counterMask
    counters = Counters()
    while bits != 0 {
      counters.values[bits.trailingZeroBitCount] = Int64(bitPattern: try varint())
      bits &= bits - 1
    }
    return contents
  }

  /// A sketch as ``ByteBuffer/put(_:)-(Sketch)`` writes it.
  mutating func sketch() throws(StateError) -> SketchBytes {
    let count = try count(upTo: Int(BlockFormat.denseMark), "sketch")
    let isDense = count == Int(BlockFormat.denseMark)
    return SketchBytes(bytes: try take(isDense ? Sketch.registerCount : count * 8), isDense: isDense)
  }
}
