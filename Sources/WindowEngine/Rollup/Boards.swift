/// The leaderboards of one window and group.
final class Boards {
  private struct Board {
    let plan: EnginePlan.Leaderboard
    var live = LiveState()
    /// The revision of each final record that can still change, by window end.
    var revisions: [Int64: Int] = [:]
  }

  private let state: GroupState
  private let encoder: RecordEncoder
  private var boards: [Board]

  init(state: GroupState, window: Int, encoder: RecordEncoder) {
    self.state = state
    self.encoder = encoder
    boards = state.plan.leaderboards.filter { $0.window == window && $0.group == state.group }.map { Board(plan: $0) }
  }

  var isEmpty: Bool { boards.isEmpty }
  /// Whether a live board is out that lists anything.
  var isShowing: Bool { boards.contains { $0.live.isShowing } }

  /// The ends of the windows whose final boards are out and can still change.
  var publishedEnds: [Int64] { boards.first.map { Array($0.revisions.keys) } ?? [] }

  /// Publishes the boards of a final window, again if they were published before. `values` gives a key's values in the
  /// window, `nil` where it holds none of its events.
  func publishFinal(start: Int64, end: Int64, slots: [Int], values: (Int) -> MetricValues?) {
    let candidates = slots.compactMap { slot in values(slot).map { (slot, $0) } }
    for i in boards.indices {
      let revision = boards[i].revisions[end].map { $0 + 1 } ?? 0
      if state.mode == .continuous { boards[i].revisions[end] = revision }
      encoder.write(
        .leaderboards, board: boards[i].plan, start: start, end: end, isFinal: true, revision: revision,
        entries: entries(boards[i].plan.definition, candidates))
    }
  }

  /// Publishes the boards of a current window that differ from the last.
  func publishLive(start: Int64, end: Int64, slots: [Int], values: (Int) -> MetricValues?) {
    let candidates = slots.compactMap { slot in values(slot).map { (slot, $0) } }
    for i in boards.indices {
      if candidates.isEmpty && !boards[i].live.isShowing { continue }
      encoder.write(
        .leaderboards, board: boards[i].plan, start: start, end: end, isFinal: false, revision: 0,
        entries: entries(boards[i].plan.definition, candidates))
      let fingerprint = state.buffer.lastFingerprint
      if fingerprint == boards[i].live.fingerprint {
        state.buffer.dropLast()
      } else {
        boards[i].live = LiveState(fingerprint: fingerprint, end: end, isZero: candidates.isEmpty)
      }
    }
  }

  // MARK: Changelog

  func write(to buffer: ByteBuffer) {
    for board in boards {
      buffer.reserve(16 + board.revisions.count * 20)
      buffer.put(board.live.isShowing ? 1 : 0)
      buffer.putVarint(UInt64(board.revisions.count))
      for (end, revision) in board.revisions.sorted(by: { $0.key < $1.key }) {
        buffer.putSigned(end)
        buffer.putVarint(UInt64(revision))
      }
    }
  }

  func restore(from reader: inout ByteReader) throws(StateError) {
    for i in boards.indices {
      if try reader.byte() != 0 { boards[i].live = .unknown }
      for _ in 0..<(try reader.varint()) {
        let end = try reader.signed()
        boards[i].revisions[end] = try reader.count(upTo: Int(Int32.max), "revision")
      }
    }
  }

  func prune(_ time: RollupTime) {
    for i in boards.indices { boards[i].revisions = boards[i].revisions.filter { $0.key > time.closedHorizon } }
  }

  /// The first keys by value, then by key; the overflow key, which has no text, comes before others of its value.
  private func entries(
    _ board: LeaderboardDefinition, _ candidates: [(slot: Int, values: MetricValues)]
  ) -> [RecordEncoder.Entry] {
    var ranked = candidates.compactMap { candidate -> RecordEncoder.Entry? in
      guard let value = candidate.values.value(of: board.by, minorDigits: state.plan.minorDigits), value != 0 else {
        return nil
      }
      return RecordEncoder.Entry(key: state.keys.text(candidate.slot), value: value)
    }
    ranked.sort { a, b in a.value != b.value ? a.value > b.value : KeyText.precedes(a.key.raw, b.key.raw) }
    return Array(ranked.prefix(board.size))
  }
}
