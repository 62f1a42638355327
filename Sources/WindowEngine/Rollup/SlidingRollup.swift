/// Sliding windows over the keys of one group.
final class SlidingRollup: WindowRollup {
  private struct Key {
    var slices = Slices()
    var live = LiveState()
    var isActive = false
  }

  /// Which slices a key had before late events changed some, and which those are.
  private struct Late {
    let before: Slices.Presence
    var changed: Set<Int64> = []
  }

  private struct Window: Hashable {
    let slot: Int
    let end: Int64
  }

  private let state: GroupState
  private let encoder: RecordEncoder
  private let ranking: Boards
  private let size: Int64
  private let slide: Int64
  private var keys: [Key] = []
  private var active: [Int] = []
  /// The last window end whose records are published; `Int64.min` before the first.
  private var publishedEnd = Int64.min
  private var liveEnd = Int64.min
  /// The slices before this one have been dropped.
  private var prunedIndex = Int64.min
  private var late: [Int: Late] = [:]
  private var revisions: [Window: Int] = [:]

  init(state: GroupState, window: Int, size: Int64, slide: Int64) {
    self.state = state
    self.size = size
    self.slide = slide
    encoder = RecordEncoder(plan: state.plan, window: window, group: state.group, buffer: state.buffer)
    ranking = Boards(state: state, window: window, encoder: encoder)
  }

  var keyCount: Int { active.count }
  var isFading: Bool { active.contains { keys[$0].live.isShowing } || ranking.isShowing }

  func add(_ delta: BlockEntry, slot: Int) {
    while keys.count <= slot { keys.append(Key()) }
    let index = floorDivide(delta.pane * state.plan.time.pane, slide)
    if state.mode == .continuous && (index + 1) * slide <= publishedEnd {
      late[slot, default: Late(before: keys[slot].slices.presence)].changed.insert(index)
    }
    activate(slot)
    _ = keys[slot].slices.add(delta, index: index, in: state.pool)
  }

  private func activate(_ slot: Int) {
    if keys[slot].isActive { return }
    keys[slot].isActive = true
    active.append(slot)
    state.keys.retain(slot)
  }

  // MARK: Final records

  func publishRevisions() {
    if late.isEmpty { return }
    var boardEnds: Set<Int64> = []
    for (slot, change) in late {
      var ends: Set<Int64> = []
      for index in change.changed {
        // The windows that hold the slice, and the one that may now be the first without an event.
        var end = (index + 1) * slide
        while end <= min((index + 1) * slide + size, publishedEnd) {
          ends.insert(end)
          end += slide
        }
      }
      for end in ends.sorted() {
        let isChanged = change.changed.contains { range(end).contains($0) }
        let wasPublished = change.before.contains(in: (range(end).lowerBound - 1)..<range(end).upperBound)
        if !isChanged && (wasPublished || keys[slot].slices.contains(in: range(end))) { continue }
        var revision = 0
        if wasPublished {
          revision = (revisions[Window(slot: slot, end: end)] ?? 0) + 1
          revisions[Window(slot: slot, end: end)] = revision
        }
        publish(slot, end: end, revision: revision, for: .once)
        if !ranking.isEmpty { boardEnds.insert(end) }
      }
    }
    late.removeAll(keepingCapacity: true)
    for end in boardEnds.sorted() { publishBoards(end) }
  }

  func publishFinals(_ time: RollupTime) {
    if time.finalHorizon == .min { return }
    let target = floorDivide(time.finalHorizon, slide) * slide
    if target <= publishedEnd { return }
    var boardEnds: Set<Int64> = []
    for slot in active {
      // Key by key and from slice to slice, so that a gap of hours costs nothing. Behind the last slice comes the window
      // that is the first without an event.
      var end = publishedEnd == .min ? .min : publishedEnd + slide
      while end <= target {
        guard let next = keys[slot].slices.first(from: end == .min ? .min : range(end).lowerBound - 1) else { break }
        end = max(end, (next + 1) * slide)
        if end > target { break }
        publish(slot, end: end, revision: 0, for: .final)
        if !ranking.isEmpty { boardEnds.insert(end) }
        end += slide
      }
    }
    for end in boardEnds.sorted() { publishBoards(end) }
    publishedEnd = target
    if state.mode == .once { drop(before: floorDivide(publishedEnd - size, slide)) }
  }

  private func range(_ end: Int64) -> Range<Int64> { floorDivide(end - size, slide)..<floorDivide(end, slide) }

  private func publish(_ slot: Int, end: Int64, revision: Int, for purpose: Slices.Purpose) {
    encoder.write(
      .metrics, key: state.keys.text(slot), start: end - size, end: end, isFinal: true, revision: revision,
      values: values(slot, end: end, onlineEnd: end, for: purpose) ?? .zero)
  }

  private func publishBoards(_ end: Int64) {
    ranking.publishFinal(start: end - size, end: end, slots: active) { slot in
      values(slot, end: end, onlineEnd: end, for: .once)
    }
  }

  /// The values of the window that ends at `end`, or `nil` if it holds no event of the key. `onlineEnd` is the end of
  /// the newest pane in it.
  private func values(_ slot: Int, end: Int64, onlineEnd: Int64, for purpose: Slices.Purpose) -> MetricValues? {
    keys[slot].slices.withTotal(in: range(end), for: purpose, pool: state.pool) { total in
      var values = state.values(of: total, online: 0)
      if size <= OnlineViewers.span && !state.online.has(slot: slot, from: onlineEnd, to: end) {
        values.online = values.viewers
      } else {
        values.online = state.online(
          slot, from: max(end - size, onlineEnd - OnlineViewers.span), to: onlineEnd, isLive: purpose == .live)
      }
      return values
    }
  }

  // MARK: Live records

  func publishLive(_ time: RollupTime, online: [Int]) {
    let end = (floorDivide(time.newest, slide) + 1) * slide
    let onlineEnd = (floorDivide(time.newest, state.plan.time.pane) + 1) * state.plan.time.pane
    let isUnchanged = end == liveEnd && state.touched.isEmpty && online.isEmpty
    if end != liveEnd {
      liveEnd = end
      for slot in active { publishLive(slot, end: end, onlineEnd: onlineEnd) }
    } else {
      for slot in state.touched where slot < keys.count { publishLive(slot, end: end, onlineEnd: onlineEnd) }
      for slot in online where slot < keys.count { publishLive(slot, end: end, onlineEnd: onlineEnd) }
    }
    if ranking.isEmpty || isUnchanged { return }
    ranking.publishLive(start: end - size, end: end, slots: active) { slot in
      values(slot, end: end, onlineEnd: onlineEnd, for: .live)
    }
  }

  private func publishLive(_ slot: Int, end: Int64, onlineEnd: Int64) {
    let values = values(slot, end: end, onlineEnd: onlineEnd, for: .live)
    if values == nil && !keys[slot].live.isShowing { return }
    let fingerprint = Fingerprint.of(values ?? .zero, start: end - size, end: end)
    if fingerprint == keys[slot].live.fingerprint { return }
    encoder.write(
      .live, key: state.keys.text(slot), start: end - size, end: end, isFinal: false, revision: 0,
      values: values ?? .zero)
    keys[slot].live = LiveState(fingerprint: fingerprint, end: end, isZero: values == nil)
  }

  // MARK: Forgetting

  func prune(_ time: RollupTime) {
    if state.mode == .once || time.closedHorizon == .min { return }
    let first = floorDivide(time.closedHorizon - size, slide) - 1
    if first == prunedIndex { return }
    prunedIndex = first
    drop(before: first)
    if !revisions.isEmpty { revisions = revisions.filter { $0.key.end > time.closedHorizon } }
    ranking.prune(time)
  }

  private func drop(before index: Int64) {
    var i = active.count
    while i > 0 {
      i -= 1
      let slot = active[i]
      keys[slot].slices.drop(before: index, in: state.pool)
      if !keys[slot].slices.isEmpty || keys[slot].live.isShowing { continue }
      keys[slot] = Key()
      active.swapAt(i, active.count - 1)
      active.removeLast()
      state.keys.release(slot)
    }
  }

  // MARK: Changelog

  var boards: Boards? { ranking }

  func write(slot: Int, to buffer: ByteBuffer) {
    buffer.reserve(16)
    guard slot < keys.count, keys[slot].isActive else { return buffer.put(0) }
    buffer.put(1)
    buffer.put(keys[slot].slices)
  }

  func restore(slot: Int, from reader: inout ByteReader) throws(StateError) {
    let mark = try reader.byte()
    if mark == 0 { return }
    while keys.count <= slot { keys.append(Key()) }
    activate(slot)
    keys[slot].slices = try reader.slices(in: state.pool)
  }

  func resume(_ time: RollupTime, liveNewest: Int64) {
    if time.finalHorizon != .min { publishedEnd = floorDivide(time.finalHorizon, slide) * slide }
    if liveNewest == .min { return }
    liveEnd = (floorDivide(liveNewest, slide) + 1) * slide
    // Shown is what the last live window holds; what it no longer held was set to zero with it.
    for slot in active {
      keys[slot].live = keys[slot].slices.contains(in: range(liveEnd)) ? .unknown : LiveState()
    }
  }
}
