import LiveEvents

/// One record of the checkpoints topic: a part of a piece, with what it takes to trust it.
///
/// Layout: format version, kind, ``EnginePlan/stateID`` 8 bytes, generation 8 bytes, sequence v, part v, parts v, the
/// contents, and a 64-bit hash of everything before.
public struct StateRecord: Sendable {
  /// What a piece holds.
  public enum Kind: UInt8, Sendable {
    /// A source partition's ``LaneCheckpoint``.
    case lane = 1
    /// The ids that a source partition has come to remember.
    case ids
    /// A shard's ``ShardHead``.
    case shard
    /// The keys of one segment of a shard.
    case segment
    /// Which process holds an instance's name.
    case instance
  }

  /// Contents of one record: half of the megabyte that brokers take by default.
  public static let maxContents = 512 << 10
  static let version: UInt8 = 1

  public var kind: Kind
  public var stateID: UInt64
  public var id: PieceID
  public var part: Int
  public var parts: Int
  public var contents: [UInt8]

  public init(kind: Kind, stateID: UInt64, id: PieceID, part: Int = 0, parts: Int = 1, contents: [UInt8]) {
    self.kind = kind
    self.stateID = stateID
    self.id = id
    self.part = part
    self.parts = parts
    self.contents = contents
  }

  /// Cuts a piece into records, at least one.
  public static func records(_ kind: Kind, stateID: UInt64, id: PieceID, contents: [UInt8]) -> [StateRecord] {
    let parts = max(1, (contents.count + maxContents - 1) / maxContents)
    return (0..<parts).map { part in
      StateRecord(
        kind: kind, stateID: stateID, id: id, part: part, parts: parts,
        contents: Array(contents[(part * maxContents)..<min(contents.count, (part + 1) * maxContents)]))
    }
  }

  public var encoded: [UInt8] {
    let buffer = ByteBuffer(capacity: contents.count + 64)
    buffer.put(Self.version)
    buffer.put(kind.rawValue)
    buffer.putWord(stateID)
    buffer.putWord(id.generation)
    buffer.putVarint(id.sequence)
    buffer.putVarint(UInt64(part))
    buffer.putVarint(UInt64(parts))
    contents.withUnsafeBytes { buffer.put($0) }
    buffer.putWord(IdentifierHash.hash(buffer.bytes))
    return Array(buffer.bytes)
  }

  /// Reads a record and checks it.
  public init(_ bytes: UnsafeRawBufferPointer) throws(StateError) {
    var reader = ByteReader(bytes, kind: .checkpoint)
    let version = try reader.byte()
    guard version == Self.version else { throw .version(.checkpoint, version) }
    guard bytes.count > 8 else { throw .truncated(.checkpoint, at: bytes.count) }
    let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 8)])
    let checksum = UInt64(
      littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self))
    guard IdentifierHash.hash(body) == checksum else { throw .checksum(.checkpoint) }
    guard let kind = Kind(rawValue: try reader.byte()) else { throw reader.invalid("kind") }
    self.kind = kind
    stateID = try reader.word()
    id = PieceID(generation: try reader.word(), sequence: try reader.varint())
    part = try reader.count(upTo: Int(Int32.max), "part")
    parts = try reader.count(upTo: Int(Int32.max), "number of parts")
    guard part < parts else { throw reader.invalid("part") }
    contents = Array(body[reader.position...])
  }
}
