/// A checkpoint of a source partition: how far it has come and what has changed since the one before.
///
/// The state is that of the pieces from `firstNeeded` to `id`, each of which names the one before it; so records of an
/// owner that never committed, which some brokers show, are passed over.
public struct LaneCheckpoint: Sendable {
  public var id: PieceID
  public var previous: PieceID?
  /// The sequence number of the oldest piece that holds something of the open panes.
  public var firstNeeded: UInt64
  public var ids: PieceID?
  /// The sequence number of the oldest piece that holds an id that is still remembered.
  public var firstIDs: UInt64
  /// The offset of the next record to be read.
  public var sourceOffset: Int64
  public var watermark: Int64
  public var newest: Int64
  public var isIdle: Bool
  /// The encoded piece: the head above, then items of ``LaneJournal``.
  public internal(set) var bytes: [UInt8] = []
  /// The encoded piece of ids that came with it, if any did.
  public internal(set) var idBytes: [UInt8]?
}

extension LaneCheckpoint {
  /// Reads the head of a piece.
  public init(_ id: PieceID, bytes: UnsafeRawBufferPointer) throws(StateError) {
    var reader = ByteReader(bytes, kind: .checkpoint)
    try self.init(id, &reader)
  }

  init(_ id: PieceID, _ reader: inout ByteReader) throws(StateError) {
    self.id = id
    sourceOffset = Int64(bitPattern: try reader.varint())
    watermark = try reader.signed()
    newest = try reader.signed()
    isIdle = try reader.byte() != 0
    previous = try reader.pieceID()
    firstNeeded = try reader.varint()
    ids = try reader.pieceID()
    firstIDs = try reader.varint()
  }

  func write(to buffer: ByteBuffer) {
    buffer.reserve(128)
    buffer.putVarint(UInt64(bitPattern: sourceOffset))
    buffer.putSigned(watermark)
    buffer.putSigned(newest)
    buffer.put(isIdle ? 1 : 0)
    buffer.put(previous)
    buffer.putVarint(firstNeeded)
    buffer.put(ids)
    buffer.putVarint(firstIDs)
  }
}

/// A piece of remembered ids, which names the one before it.
public struct IDPiece {
  public let previous: PieceID?

  public init(_ bytes: UnsafeRawBufferPointer) throws(StateError) {
    var reader = ByteReader(bytes, kind: .checkpoint)
    previous = try reader.pieceID()
  }
}

extension SourcePartition {
  private static let bytesPerRow = 40
  private static let bytesPerID = 20

  /// Takes a checkpoint as of `sourceOffset`, right after a hand-over.
  public mutating func takeCheckpoint(sourceOffset: Int64, isIdle: Bool) -> LaneCheckpoint {
    guard let journal else { preconditionFailure("a source partition without a generation takes no checkpoints") }
    let idBytes = takeIDs(journal)
    let isWhole = pieces.isTooLong(stateBytes: openRows * Self.bytesPerRow)
    if isWhole {
      journal.removePanes()
      writePanes(to: journal)
    }
    let id = PieceID(generation: journal.generation, sequence: (pieces.last?.sequence).map { $0 + 1 } ?? 0)
    let previous = pieces.last
    let neededUntil = journal.newestPane == .min ? .min : neededUntil(pane: journal.newestPane)
    pieces.append(id, bytes: journal.panes.count, neededUntil: neededUntil, replacesAll: isWhole)
    pieces.prune(watermark: watermark)
    idPieces.prune(watermark: watermark)
    var checkpoint = LaneCheckpoint(
      id: id, previous: previous, firstNeeded: pieces.first!.sequence, ids: idPieces.last,
      firstIDs: idPieces.first?.sequence ?? 0, sourceOffset: sourceOffset, watermark: watermark, newest: newest,
      isIdle: isIdle)
    let buffer = ByteBuffer(capacity: 128 + journal.panes.count)
    checkpoint.write(to: buffer)
    buffer.reserve(journal.panes.count)
    buffer.put(journal.panes.bytes)
    checkpoint.bytes = Array(buffer.bytes)
    checkpoint.idBytes = idBytes
    journal.removePanes()
    return checkpoint
  }

  private func neededUntil(pane: Int64) -> Int64 { (pane + 1) * plan.time.pane + plan.time.allowedLateness }

  private mutating func takeIDs(_ journal: LaneJournal) -> [UInt8]? {
    if journal.ids.count == 0 { return nil }
    let isWhole = idPieces.isTooLong(stateBytes: rememberedCount * Self.bytesPerID)
    if isWhole {
      journal.removeIDs()
      writeIDs(to: journal)
    }
    let id = PieceID(generation: journal.generation, sequence: (idPieces.last?.sequence).map { $0 + 1 } ?? 0)
    let buffer = ByteBuffer(capacity: 32 + journal.ids.count)
    buffer.put(idPieces.last)
    buffer.put(journal.ids.bytes)
    idPieces.append(id, bytes: journal.ids.count, neededUntil: journal.latestExpiry, replacesAll: isWhole)
    journal.removeIDs()
    return Array(buffer.bytes)
  }

  /// Restores the state that a checkpoint names: its pieces and those of the ids, each with its number, oldest first.
  /// The partition must be fresh.
  public mutating func restore(
    _ checkpoint: LaneCheckpoint, pieces bodies: [(PieceID, [UInt8])], ids: [(PieceID, [UInt8])]
  ) throws(StateError) {
    restore(watermark: checkpoint.watermark, newest: checkpoint.newest)
    for (id, bytes) in bodies {
      let neededUntil = try withBytes(of: bytes) { (bytes) throws(StateError) in try restorePanes(id, bytes) }
      pieces.append(id, bytes: bytes.count, neededUntil: neededUntil)
    }
    for (id, bytes) in ids {
      let neededUntil = try withBytes(of: bytes) { (bytes) throws(StateError) in try restoreIDs(bytes) }
      idPieces.append(id, bytes: bytes.count, neededUntil: neededUntil)
    }
    pieces.prune(watermark: watermark)
    idPieces.prune(watermark: watermark)
  }

  private mutating func restorePanes(_ id: PieceID, _ bytes: UnsafeRawBufferPointer) throws(StateError) -> Int64 {
    var reader = ByteReader(bytes, kind: .checkpoint)
    _ = try LaneCheckpoint(id, &reader)
    var pane: Int64 = 0
    var group: Int?
    var newest = Int64.min
    while !reader.isAtEnd {
      let item = try reader.byte()
      switch item {
      case LaneJournal.Item.leaves, LaneJournal.Item.rows:
        pane = try reader.signed()
        newest = max(newest, pane)
        group = item == LaneJournal.Item.rows ? try reader.count(upTo: plan.groups.count - 1, "group") : nil
      case LaneJournal.Item.leaf, LaneJournal.Item.row, LaneJournal.Item.overflowRow:
        let text = try reader.keyText()
        var accumulator = Accumulator()
        accumulator.firstTimestamp = pane &* plan.time.pane &+ Int64(bitPattern: try reader.varint())
        accumulator.lastTimestamp = pane &* plan.time.pane &+ Int64(bitPattern: try reader.varint())
        _ = try reader.counters(into: &accumulator.counters)
        if !isOpen(pane) { continue }
        if let group {
          restore(
            pane: pane, group: group, row: text, isOverflow: item == LaneJournal.Item.overflowRow, accumulator)
        } else {
          restore(pane: pane, leaf: text, accumulator)
        }
      default: throw reader.invalid("item")
      }
    }
    return newest == .min ? .min : neededUntil(pane: newest)
  }

  private mutating func restoreIDs(_ bytes: UnsafeRawBufferPointer) throws(StateError) -> Int64 {
    var reader = ByteReader(bytes, kind: .checkpoint)
    _ = try reader.pieceID()
    var expiry: Int64 = 0
    var latest = Int64.min
    while !reader.isAtEnd {
      let hash = try reader.word()
      let fingerprint = try reader.word()
      expiry += try reader.signed()
      latest = max(latest, expiry)
      restore(id: hash, fingerprint, expiry: expiry)
    }
    return latest
  }
}

extension ByteBuffer {
  /// Appends a piece's number, for which there is room.
  func put(_ id: PieceID?) {
    put(id == nil ? 0 : 1)
    guard let id else { return }
    putWord(id.generation)
    putVarint(id.sequence)
  }
}

extension ByteReader {
  mutating func pieceID() throws(StateError) -> PieceID? {
    if try byte() == 0 { return nil }
    return PieceID(generation: try word(), sequence: try varint())
  }
}

/// Calls `body` with the bytes of an array; typed errors pass through.
func withBytes<Result>(
  of bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(StateError) -> Result
) throws(StateError) -> Result {
  var result: Swift.Result<Result, StateError>?
  bytes.withUnsafeBytes { buffer in
    do throws(StateError) { result = .success(try body(buffer)) } catch { result = .failure(error) }
  }
  return try result!.get()
}
