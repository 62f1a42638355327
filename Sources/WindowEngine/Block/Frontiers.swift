/// How far source partitions have come, as a record of the partials topic.
///
/// Layout: ``BlockFormat/version``, ``PartialKind/frontiers``, the plan's ``EnginePlan/stateID`` 8 bytes, how many v, and
/// for each: source v, offset of the next record v, watermark zigzag v, newest zigzag v, flags (1 idle, 2 at the end).
extension Frontier {
  private static let idleFlag: UInt8 = 1
  private static let endFlag: UInt8 = 2

  /// Encodes some frontiers as one record.
  public static func encode(_ frontiers: [Frontier], plan: EnginePlan) -> [UInt8] {
    let buffer = ByteBuffer(capacity: 32 + frontiers.count * 48)
    buffer.put(BlockFormat.version)
    buffer.put(PartialKind.frontiers)
    buffer.putWord(plan.stateID)
    buffer.putVarint(UInt64(frontiers.count))
    for frontier in frontiers { frontier.write(to: buffer) }
    return Array(buffer.bytes)
  }

  /// The frontiers of a record of the partials topic; none if it holds a block, or was written for another plan.
  public static func read(_ record: UnsafeRawBufferPointer, plan: EnginePlan) throws(StateError) -> [Frontier] {
    var reader = ByteReader(record, kind: .partial)
    let version = try reader.byte()
    guard version == BlockFormat.version else { throw .version(.partial, version) }
    let kind = try reader.byte()
    if kind == PartialKind.block { return [] }
    guard kind == PartialKind.frontiers else { throw reader.invalid("kind") }
    if try reader.word() != plan.stateID { return [] }
    var frontiers: [Frontier] = []
    for _ in 0..<(try reader.varint()) { frontiers.append(try reader.frontier()) }
    return frontiers
  }

  func write(to buffer: ByteBuffer) {
    buffer.reserve(64)
    buffer.putVarint(UInt64(source))
    buffer.putVarint(UInt64(bitPattern: sourceOffset))
    buffer.putSigned(watermark)
    buffer.putSigned(newest)
    buffer.put((isIdle ? Self.idleFlag : 0) | (isAtEnd ? Self.endFlag : 0))
  }

  fileprivate init(_ reader: inout ByteReader) throws(StateError) {
    source = try reader.count(upTo: Int(Int32.max), "source partition")
    sourceOffset = Int64(bitPattern: try reader.varint())
    watermark = try reader.signed()
    newest = try reader.signed()
    let flags = try reader.byte()
    isIdle = flags & Self.idleFlag != 0
    isAtEnd = flags & Self.endFlag != 0
  }
}

extension ByteReader {
  mutating func frontier() throws(StateError) -> Frontier { try Frontier(&self) }
}
