/// Decides which segments of a shard are copied with a commit, and keeps the list of their last copies.
///
/// Copies are paid for: with a share of the bytes of the partials that came, so that the changelog stays small beside
/// them, and with time, so that a round ends even where little comes. A segment that has not changed since its copy needs
/// no new one: its copy holds as of now.
public struct ShardChangelog {
  /// How many bytes of partials pay for one byte of copies.
  public static let partialBytesPerByte = 8
  /// A round of copies ends within this time, ms, whatever comes: well within the retention of any topic.
  public static let longestRound: Int64 = 3_600_000

  /// Pieces after which a segment is copied again although nothing in it has changed: so a restore reads no more of the
  /// changelog than these.
  public static let longestAge: UInt64 = 8_192

  /// A copy of one segment.
  public struct Copy {
    public let segment: Int
    public let id: PieceID
    public let contents: [UInt8]
  }

  private let generation: UInt64
  private var sequence: UInt64
  /// The last copy of each segment.
  public private(set) var segments: [ShardHead.Segment]
  /// The head that was written last.
  public private(set) var lastHead: PieceID?
  private var copyBytes: [Int]
  private var cursor = 0
  private var budget = 0

  /// The changelog of a shard that is empty as of `partialsOffset`. `generation` is unlike that of any other owner.
  public init(generation: UInt64, partialsOffset: Int64) {
    self.generation = generation
    sequence = 0
    segments = Array(
      repeating: ShardHead.Segment(id: nil, partialsOffset: partialsOffset), count: RollupShard.segmentCount)
    copyBytes = Array(repeating: 0, count: RollupShard.segmentCount)
  }

  /// The changelog that goes on where a head stands. `copyBytes` are the sizes of its segments' copies.
  public init(generation: UInt64, after head: ShardHead, copyBytes: [Int]) {
    self.generation = generation
    sequence = head.id.sequence + 1
    segments = head.segments
    self.copyBytes = copyBytes
  }

  /// The next number of a piece.
  private mutating func nextID() -> PieceID {
    defer { sequence += 1 }
    return PieceID(generation: generation, sequence: sequence)
  }

  /// Adds what has come since the last time to what copies may take.
  public mutating func credit(partialBytes: Int, milliseconds: Int64) {
    let whole = copyBytes.reduce(0, +)
    budget += partialBytes / Self.partialBytesPerByte
    budget += Int(Int64(whole) * min(milliseconds, Self.longestRound) / Self.longestRound) + 1
    // What was not needed while nothing changed is not saved up.
    budget = min(budget, max(whole, 1))
  }

  /// Whether some segment waits for its copy and can be paid for.
  public func isDue(for shard: RollupShard) -> Bool { budget > 0 && !shard.changedSegments.isEmpty }

  /// Whether a copy lies so far back that a restore would read much else on the way from it.
  private func isOld(_ segment: Int) -> Bool {
    guard let id = segments[segment].id else { return false }
    return sequence > id.sequence + Self.longestAge
  }

  /// Copies what can be paid for, right after ``RollupShard/publish(now:)``, and gives the head that goes with it.
  public mutating func write(_ shard: RollupShard, partialsOffset: Int64) -> (copies: [Copy], head: ShardHead) {
    for segment in segments.indices where !shard.changedSegments.contains(segment) {
      segments[segment].partialsOffset = partialsOffset
    }
    var wanted: [Int] = []
    var expected = 0
    if let old = segments.indices.first(where: isOld) { wanted.append(old) }
    for _ in 0..<RollupShard.segmentCount where expected < budget {
      if shard.changedSegments.contains(cursor) && !wanted.contains(cursor) {
        wanted.append(cursor)
        expected += max(copyBytes[cursor], 1)
      }
      cursor = (cursor + 1) % RollupShard.segmentCount
    }
    var copies: [Copy] = []
    for (segment, contents) in zip(wanted, shard.copy(wanted)) {
      let id = nextID()
      copies.append(Copy(segment: segment, id: id, contents: contents))
      segments[segment] = ShardHead.Segment(id: id, partialsOffset: partialsOffset)
      copyBytes[segment] = contents.count
      budget -= contents.count
    }
    let id = nextID()
    lastHead = id
    return (copies, shard.head(id, partialsOffset: partialsOffset, segments: segments))
  }
}
