/// Which piece of a checkpoint: who wrote it, and the how manieth of its source partition or shard it is.
///
/// Sequence numbers go on from owner to owner; a generation belongs to one owner. So a piece of an owner that was
/// replaced before it could commit is never mistaken for the one that was committed in its place.
public struct PieceID: Hashable, Sendable {
  public var generation: UInt64
  public var sequence: UInt64

  public init(generation: UInt64, sequence: UInt64) {
    self.generation = generation
    self.sequence = sequence
  }
}

/// The pieces that together hold a state: each adds to the one before, the oldest are dropped when nothing in them is
/// needed any more, and a new first piece takes the place of all when they have grown too long.
struct PieceLog {
  /// A restore reads at most this many pieces.
  static let maxPieces = 4096
  /// Pieces may take this much before their size is compared with that of the state.
  static let slackBytes = 64 << 10
  /// How many times as long as the state itself its pieces may become.
  static let maxGrowth = 4
  /// What a piece takes besides its contents, about.
  static let pieceOverhead = 96

  private struct Piece {
    let id: PieceID
    /// The piece is needed while the watermark is below this.
    let neededUntil: Int64
    let bytes: Int
  }

  private var pieces: [Piece] = []
  private var bytes = 0
  /// The newest piece.
  private(set) var last: PieceID?

  /// The oldest piece that is needed.
  var first: PieceID? { pieces.first?.id }

  /// Whether the pieces have become so long that the whole state, of about `stateBytes`, should be written anew.
  func isTooLong(stateBytes: Int) -> Bool {
    pieces.count >= Self.maxPieces || bytes > Self.slackBytes + Self.maxGrowth * stateBytes
  }

  mutating func append(_ id: PieceID, bytes count: Int, neededUntil: Int64, replacesAll: Bool = false) {
    if replacesAll { removeAll() }
    pieces.append(Piece(id: id, neededUntil: neededUntil, bytes: count + Self.pieceOverhead))
    bytes += count + Self.pieceOverhead
    last = id
  }

  /// Drops the oldest pieces that the watermark has made needless; the newest stays, since it tells the rest.
  mutating func prune(watermark: Int64) {
    var gone = 0
    while gone < pieces.count - 1 && pieces[gone].neededUntil <= watermark {
      bytes -= pieces[gone].bytes
      gone += 1
    }
    pieces.removeFirst(gone)
  }

  private mutating func removeAll() {
    pieces.removeAll()
    bytes = 0
  }
}
