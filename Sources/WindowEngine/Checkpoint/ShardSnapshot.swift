/// What a shard has published and where it stands, and which copies of its segments its state is made of.
///
/// The keys of a shard are divided into segments by hash. Copies of them are written one after the other, round and
/// round; the state is that of each segment's last copy and the partials that came behind it. So no commit writes
/// everything, and a restore reads one copy of everything and the partials of one round.
public struct ShardHead: Sendable {
  /// A segment's last copy.
  public struct Segment: Hashable, Sendable {
    /// `nil` while it has never been copied: then it is empty as of `partialsOffset`.
    public var id: PieceID?
    /// The partials from this offset on are not in the copy.
    public var partialsOffset: Int64

    public init(id: PieceID?, partialsOffset: Int64) {
      self.id = id
      self.partialsOffset = partialsOffset
    }
  }

  public var id: PieceID
  /// The offset of the next record of the partials topic.
  public var partialsOffset: Int64
  public var segments: [Segment]
  /// The rest, which only ``RollupShard`` reads.
  var publishing: [UInt8] = []
}

/// What restored segments hold already.
struct ShardRestore {
  var partialsOffsets: [Int64]
  /// Panes that end at or before this had been closed when the segment was copied.
  var closedHorizons: [Int64]

  func holds(_ entry: BlockEntry, segment: Int, offset: Int64, paneLength: Int64) -> Bool {
    offset < partialsOffsets[segment] || (entry.pane + 1) * paneLength <= closedHorizons[segment]
  }
}

extension ShardHead {
  public init(_ id: PieceID, bytes: UnsafeRawBufferPointer) throws(StateError) {
    var reader = ByteReader(bytes, kind: .checkpoint)
    self.id = id
    partialsOffset = Int64(bitPattern: try reader.varint())
    segments = []
    for _ in 0..<(try reader.count(upTo: RollupShard.segmentCount, "number of segments")) {
      let id = try reader.pieceID()
      segments.append(Segment(id: id, partialsOffset: Int64(bitPattern: try reader.varint())))
    }
    guard segments.count == RollupShard.segmentCount else { throw reader.invalid("number of segments") }
    publishing = Array(bytes[reader.position...])
  }

  public var encoded: [UInt8] {
    let buffer = ByteBuffer(capacity: 64 + segments.count * 40 + publishing.count)
    buffer.putVarint(UInt64(bitPattern: partialsOffset))
    buffer.putVarint(UInt64(segments.count))
    for segment in segments {
      buffer.put(segment.id)
      buffer.putVarint(UInt64(bitPattern: segment.partialsOffset))
    }
    publishing.withUnsafeBytes { buffer.put($0) }
    return Array(buffer.bytes)
  }
}

extension RollupShard {
  /// Into how many segments the keys of a shard are divided: a copy of one must fit between two commits.
  public static let segmentCount = 64

  /// The segment of a key. Shards are told apart by the lower bits of the hash, segments by the upper ones.
  static func segment(of hash: UInt64) -> Int { Int(hash >> 58) }

  // MARK: Writing

  /// The head of the state as it is after ``publish(now:)``.
  public func head(_ id: PieceID, partialsOffset: Int64, segments: [ShardHead.Segment]) -> ShardHead {
    let buffer = ByteBuffer(capacity: 1 << 10)
    buffer.reserve(128)
    for instant in [watermark, time.closedHorizon, time.finalHorizon, time.newest, newestEvent, liveNewest] {
      buffer.putSigned(instant)
    }
    buffer.putVarint(UInt64(sources.count))
    for frontier in sources.values.sorted(by: { $0.source < $1.source }) { frontier.write(to: buffer) }
    for group in windows { for window in group { window.boards?.write(to: buffer) } }
    var head = ShardHead(id: id, partialsOffset: partialsOffset, segments: segments)
    head.publishing = Array(buffer.bytes)
    return head
  }

  /// Copies the keys of some segments, in the order asked for; they count as unchanged from now on.
  public func copy(_ segments: [Int]) -> [[UInt8]] {
    if segments.isEmpty { return [] }
    var position = [Int](repeating: -1, count: Self.segmentCount)
    for (i, segment) in segments.enumerated() { position[segment] = i }
    let buffers = segments.map { _ in ByteBuffer(capacity: 4 << 10) }
    for buffer in buffers {
      buffer.reserve(16)
      buffer.putSigned(time.closedHorizon)
    }
    for (number, group) in groups.enumerated() {
      let rows = partialsByKey(of: number) { position[Self.segment(of: $0)] >= 0 }
      for slot in 0..<group.keys.slotCount where group.keys.isUsed(slot) {
        let i = position[Self.segment(of: group.keys.hash(slot))]
        if i >= 0 { write(slot, of: number, rows[slot] ?? [], to: buffers[i]) }
      }
    }
    changedSegments.subtract(segments)
    return buffers.map { Array($0.bytes) }
  }

  private struct PartialRow {
    let pane: Int64
    let source: Int
    let offset: Int64
    let counters: Counters
  }

  private func partialsByKey(of group: Int, where isWanted: (UInt64) -> Bool) -> [Int: [PartialRow]] {
    var rows: [Int: [PartialRow]] = [:]
    let state = groups[group]
    contributions[group].contents.visit { pane, slot, source, offset, counters in
      if isWanted(state.keys.hash(slot)) {
        rows[slot, default: []].append(PartialRow(pane: pane, source: source, offset: offset, counters: counters))
      }
    }
    return rows
  }

  /// A key: group v, whether it is the overflow key, text, partials of open panes, online viewers, and each window's.
  private func write(_ slot: Int, of group: Int, _ rows: [PartialRow], to buffer: ByteBuffer) {
    let state = groups[group]
    let text = state.keys.text(slot)
    buffer.reserve(64 + text.raw.count)
    buffer.putVarint(UInt64(group))
    buffer.put(text.isOverflow ? 1 : 0)
    buffer.putVarint(UInt64(text.raw.count))
    buffer.put(text.raw)
    buffer.putVarint(UInt64(rows.count))
    for row in rows {
      buffer.reserve(BlockFormat.fixedEntryLength)
      buffer.putSigned(row.pane)
      buffer.putVarint(UInt64(row.source))
      buffer.putVarint(UInt64(bitPattern: row.offset))
      buffer.put(row.counters)
    }
    var panes = 0
    state.online.visit(slot: slot) { _, _ in panes += 1 }
    buffer.reserve(16)
    buffer.putVarint(UInt64(panes))
    state.online.visit(slot: slot) { pane, viewers in
      buffer.reserve(16)
      buffer.putSigned(pane)
      buffer.put(viewers)
    }
    for window in windows[group] { window.write(slot: slot, to: buffer) }
  }

  // MARK: Restoring

  /// Takes back the copies of a head's segments, `nil` where there is none; the shard must be fresh. Feed it the
  /// partials from the least ``ShardHead/Segment/partialsOffset`` up to ``ShardHead/partialsOffset``, with their
  /// offsets, then call ``resume(_:)``.
  public func restore(_ head: ShardHead, copies: [[UInt8]?]) throws(StateError) {
    var restore = ShardRestore(
      partialsOffsets: head.segments.map(\.partialsOffset),
      closedHorizons: [Int64](repeating: .min, count: Self.segmentCount))
    for (segment, copy) in copies.enumerated() {
      guard let copy else { continue }
      restore.closedHorizons[segment] = try withBytes(of: copy) { (bytes) throws(StateError) in try take(bytes) }
    }
    restoring = restore
  }

  private func take(_ bytes: UnsafeRawBufferPointer) throws(StateError) -> Int64 {
    var reader = ByteReader(bytes, kind: .checkpoint)
    let closedHorizon = try reader.signed()
    while !reader.isAtEnd {
      let group = try reader.count(upTo: groups.count - 1, "group")
      let state = groups[group]
      let isOverflow = try reader.byte() != 0
      let text = try reader.keyText()
      let groupHash = plan.groups[group].hash
      let hash = isOverflow ? KeyText.overflowHash(group: groupHash) : KeyText.hash(text, group: groupHash)
      let slot = state.keys.slot(hash, isOverflow: isOverflow, text: text)
      state.keys.retain(slot)
      defer { state.keys.release(slot) }
      for _ in 0..<(try reader.varint()) {
        let pane = try reader.signed()
        let source = try reader.count(upTo: Int(Int32.max), "source partition")
        let offset = Int64(bitPattern: try reader.varint())
        var counters = Counters()
        _ = try reader.counters(into: &counters)
        contributions[group].contents.restore(
          pane: pane, slot: slot, source: source, offset: offset, counters: counters)
        state.keys.retain(slot)
      }
      for _ in 0..<(try reader.varint()) {
        var entry = BlockEntry()
        entry.pane = try reader.signed()
        entry.sketches[1] = try reader.sketch()
        if state.online.add(entry, slot: slot, in: pool) { state.keys.retain(slot) }
      }
      for window in windows[group] { try window.restore(slot: slot, from: &reader) }
    }
    return closedHorizon
  }

  /// Goes on where the head stands.
  public func resume(_ head: ShardHead) throws(StateError) {
    try withBytes(of: head.publishing) { (bytes) throws(StateError) in
      var reader = ByteReader(bytes, kind: .checkpoint)
      watermark = try reader.signed()
      time.closedHorizon = try reader.signed()
      time.finalHorizon = try reader.signed()
      time.newest = try reader.signed()
      newestEvent = try reader.signed()
      liveNewest = try reader.signed()
      for _ in 0..<(try reader.varint()) {
        let frontier = try reader.frontier()
        sources[frontier.source] = frontier
      }
      for group in windows {
        for window in group {
          try window.boards?.restore(from: &reader)
          window.resume(time, liveNewest: liveNewest)
        }
      }
    }
    restoring = nil
    forgetPublished()
  }
}

extension ByteBuffer {
  /// Appends an accumulator; makes room for itself.
  func put(_ accumulator: Accumulator) {
    reserve(BlockFormat.fixedEntryLength)
    put(accumulator.isEmpty ? 0 : 1)
    if accumulator.isEmpty { return }
    putSigned(accumulator.firstTimestamp)
    putVarint(UInt64(accumulator.lastTimestamp - accumulator.firstTimestamp))
    put(accumulator.counters, marks: accumulator.sketchMarks)
    withUnsafePointer(to: accumulator) { putSketches($0) }
  }

  /// Appends what a slice holds, in the form of an accumulator; makes room for itself.
  func put(_ packed: PackedAccumulator) {
    var accumulator = packed.borrowed
    if !packed.isEmpty { (accumulator.firstTimestamp, accumulator.lastTimestamp) = (0, 0) }
    put(accumulator)
  }

  /// Appends slices; makes room for itself.
  func put(_ slices: Slices) {
    reserve(16)
    putVarint(UInt64(slices.all.count))
    for slice in slices.all {
      reserve(16)
      putSigned(slice.index)
      put(slice.counted)
    }
  }
}

extension ByteReader {
  mutating func accumulator(in pool: SketchPool) throws(StateError) -> Accumulator {
    var accumulator = Accumulator()
    if try byte() == 0 { return accumulator }
    accumulator.firstTimestamp = try signed()
    accumulator.lastTimestamp = accumulator.firstTimestamp &+ Int64(bitPattern: try varint())
    let marks = PackedAccumulator.sketches(try counters(into: &accumulator.counters))
    if marks & 1 != 0 { try sketch().add(to: &accumulator.buyers, in: pool) }
    if marks & 2 != 0 { try sketch().add(to: &accumulator.viewers, in: pool) }
    if marks & 4 != 0 { try sketch().add(to: &accumulator.clickers, in: pool) }
    return accumulator
  }

  mutating func packedAccumulator(in pool: SketchPool) throws(StateError) -> PackedAccumulator {
    var accumulator = try accumulator(in: pool)
    return PackedAccumulator(taking: &accumulator, in: pool)
  }

  mutating func slices(in pool: SketchPool) throws(StateError) -> Slices {
    var slices = Slices()
    for _ in 0..<(try varint()) {
      let index = try signed()
      slices.append(Slice(index: index, counted: try packedAccumulator(in: pool)))
    }
    return slices
  }
}
