/// Session windows over the keys of one group: each from a key's first event until none came for the gap.
final class SessionRollup: WindowRollup {
  /// One session so far. Its record's identity is the key and the first event's time.
  private struct Session {
    var total = Accumulator()
    /// The viewers of the 60 s that end with the pane of the last event, by pane.
    var recent: [(pane: Int64, viewers: Sketch)] = []
    var live = LiveState()
    /// The revision of the final record that is out, if one is.
    var revision: Int?
    /// Whether a final record may be out of which a restored shard knows nothing.
    var mayBeOut = false
    /// Whether the session has changed since its final record.
    var isOpen = true

    var start: Int64 { total.firstTimestamp }
    var last: Int64 { total.lastTimestamp }
  }

  private let state: GroupState
  private let encoder: RecordEncoder
  private let gap: Int64
  /// The sessions of each key, in order.
  private var keys: [[Session]] = []
  private var active: [Int] = []
  /// No open session ends before this.
  private var nextEnd = Int64.max

  init(state: GroupState, window: Int, gap: Int64) {
    self.state = state
    self.gap = gap
    encoder = RecordEncoder(plan: state.plan, window: window, group: state.group, buffer: state.buffer)
  }

  var keyCount: Int { active.count }
  var isFading: Bool { false }

  func add(_ delta: BlockEntry, slot: Int) {
    while keys.count <= slot { keys.append([]) }
    if keys[slot].isEmpty {
      active.append(slot)
      state.keys.retain(slot)
    }
    // All sessions that are nearer than the gap to what came become one with it.
    let first = delta.firstTimestamp
    let last = delta.lastTimestamp
    let from = keys[slot].firstIndex { first - $0.last < gap } ?? keys[slot].count
    var until = from
    while until < keys[slot].count && keys[slot][until].start - last < gap { until += 1 }
    if from == until {
      keys[slot].insert(Session(), at: from)
      until = from + 1
    }
    let start = min(first, keys[slot][from].start)
    var joined = keys[slot][from]
    withdraw(&joined, slot: slot, unlessStartIs: start)
    for i in (from + 1)..<max(until, from + 1) {
      var other = keys[slot][i]
      withdraw(&other, slot: slot, unlessStartIs: start)
      joined.total.merge(other.total, in: state.pool)
      other.total.clear(in: state.pool)
      for pane in other.recent { joined.recent.append(pane) }
    }
    joined.total.add(delta, in: state.pool)
    joined.isOpen = true
    keep(delta, in: &joined)
    nextEnd = min(nextEnd, joined.last + gap)
    keys[slot].replaceSubrange(from..<until, with: CollectionOfOne(joined))
  }

  /// Withdraws what is out of a session whose start moves or that another one swallows.
  private func withdraw(_ session: inout Session, slot: Int, unlessStartIs start: Int64) {
    if session.start == start { return }
    if session.revision != nil || session.mayBeOut {
      encoder.writeTombstone(.metrics, key: state.keys.text(slot), start: session.start)
    }
    if session.live.end != .min {
      encoder.writeTombstone(.live, key: state.keys.text(slot), start: session.start)
    }
    session.revision = nil
    session.mayBeOut = false
    session.live = LiveState()
  }

  /// Keeps the viewers of the panes that `online` may count.
  private func keep(_ delta: BlockEntry, in session: inout Session) {
    if !delta.sketches[1].bytes.isEmpty {
      if let i = session.recent.firstIndex(where: { $0.pane == delta.pane }) {
        delta.sketches[1].add(to: &session.recent[i].viewers, in: state.pool)
      } else {
        var viewers = Sketch()
        delta.sketches[1].add(to: &viewers, in: state.pool)
        session.recent.append((delta.pane, viewers))
      }
    }
    let end = paneEnd(session.last)
    for i in session.recent.indices.reversed()
    where session.recent[i].pane * state.plan.time.pane < end - OnlineViewers.span {
      session.recent[i].viewers.clear(in: state.pool)
      session.recent.remove(at: i)
    }
  }

  private func paneEnd(_ timestamp: Int64) -> Int64 { (state.plan.pane(of: timestamp) + 1) * state.plan.time.pane }

  // MARK: Final records

  /// A session that has changed is open again, and is published with the others when it ends.
  func publishRevisions() {}

  func publishFinals(_ time: RollupTime) {
    if time.finalHorizon < nextEnd { return }
    nextEnd = .max
    for slot in active {
      for i in keys[slot].indices where keys[slot][i].isOpen {
        let end = keys[slot][i].last + gap
        // Published once, a session waits until no pane that could hold its next event is open.
        let due = state.mode == .once ? paneEnd(end - 1) : end
        if due > time.finalHorizon {
          nextEnd = min(nextEnd, end)
          continue
        }
        keys[slot][i].isOpen = false
        let revision = keys[slot][i].revision.map { $0 + 1 } ?? 0
        keys[slot][i].revision = revision
        encoder.write(
          .metrics, key: state.keys.text(slot), start: keys[slot][i].start, end: end, isFinal: true,
          revision: revision, values: state.values(of: keys[slot][i].total, online: online(keys[slot][i])))
      }
    }
    if state.mode == .once { drop { !$0.isOpen } }
  }

  private func online(_ session: Session) -> Int64 {
    var union = Sketch()
    for pane in session.recent { union.formUnion(pane.viewers, in: state.pool) }
    let estimate = union.estimate
    union.clear(in: state.pool)
    return estimate
  }

  // MARK: Live records

  func publishLive(_ time: RollupTime, online: [Int]) {
    for slot in state.touched where slot < keys.count { publishLive(slot, time) }
    for slot in online where slot < keys.count { publishLive(slot, time) }
  }

  private func publishLive(_ slot: Int, _ time: RollupTime) {
    let onlineEnd = paneEnd(time.newest)
    for i in keys[slot].indices where keys[slot][i].start <= time.newest {
      let session = keys[slot][i]
      let firstPane = state.plan.pane(of: session.start) * state.plan.time.pane
      let online = state.online(
        slot, from: max(firstPane, onlineEnd - OnlineViewers.span), to: min(onlineEnd, paneEnd(session.last)),
        isLive: true)
      let values = state.values(of: session.total, online: online)
      let fingerprint = Fingerprint.of(values, start: session.start, end: session.last + gap)
      if fingerprint == session.live.fingerprint { continue }
      encoder.write(
        .live, key: state.keys.text(slot), start: session.start, end: session.last + gap, isFinal: false, revision: 0,
        values: values)
      keys[slot][i].live = LiveState(fingerprint: fingerprint, end: session.last + gap, isZero: false)
    }
  }

  // MARK: Forgetting

  func prune(_ time: RollupTime) {
    if state.mode == .once || time.closedHorizon == .min { return }
    drop { session in !session.isOpen && paneEnd(session.last + gap - 1) <= time.closedHorizon }
  }

  private func drop(where isOver: (Session) -> Bool) {
    var i = active.count
    while i > 0 {
      i -= 1
      let slot = active[i]
      for j in keys[slot].indices.reversed() where isOver(keys[slot][j]) {
        keys[slot][j].total.clear(in: state.pool)
        for k in keys[slot][j].recent.indices { keys[slot][j].recent[k].viewers.clear(in: state.pool) }
        keys[slot].remove(at: j)
      }
      if keys[slot].isEmpty {
        active.swapAt(i, active.count - 1)
        active.removeLast()
        state.keys.release(slot)
      }
    }
  }

  // MARK: Changelog

  var boards: Boards? { nil }

  func write(slot: Int, to buffer: ByteBuffer) {
    buffer.reserve(16)
    buffer.putVarint(UInt64(slot < keys.count ? keys[slot].count : 0))
    if slot >= keys.count { return }
    for session in keys[slot] {
      buffer.put(session.total)
      buffer.reserve(32)
      buffer.put((session.isOpen ? 1 : 0) | (session.live.end != .min ? 2 : 0))
      buffer.putVarint(session.revision.map { UInt64($0) + 1 } ?? 0)
      buffer.putVarint(UInt64(session.recent.count))
      for one in session.recent {
        buffer.reserve(16)
        buffer.putSigned(one.pane)
        buffer.put(one.viewers)
      }
    }
  }

  func restore(slot: Int, from reader: inout ByteReader) throws(StateError) {
    while keys.count <= slot { keys.append([]) }
    for _ in 0..<(try reader.varint()) {
      var session = Session()
      session.total = try reader.accumulator(in: state.pool)
      let marks = try reader.byte()
      session.isOpen = marks & 1 != 0
      if marks & 2 != 0 { session.live = .unknown }
      let revision = try reader.varint()
      session.revision = revision == 0 ? nil : Int(revision - 1)
      for _ in 0..<(try reader.varint()) {
        let pane = try reader.signed()
        var viewers = Sketch()
        try reader.sketch().add(to: &viewers, in: state.pool)
        session.recent.append((pane, viewers))
      }
      if keys[slot].isEmpty {
        active.append(slot)
        state.keys.retain(slot)
      }
      keys[slot].append(session)
    }
  }

  func resume(_ time: RollupTime, liveNewest: Int64) {
    nextEnd = .max
    for slot in active {
      for i in keys[slot].indices {
        // What had ended by then was published in the same commit.
        if keys[slot][i].isOpen && keys[slot][i].last + gap <= time.finalHorizon {
          keys[slot][i].isOpen = false
          keys[slot][i].revision = keys[slot][i].revision ?? 0
        }
        // It may have ended and been published before it went on.
        keys[slot][i].mayBeOut = keys[slot][i].start + gap <= time.finalHorizon
        if keys[slot][i].isOpen { nextEnd = min(nextEnd, keys[slot][i].last + gap) }
        if keys[slot][i].start <= liveNewest { keys[slot][i].live = .unknown }
      }
    }
  }
}
