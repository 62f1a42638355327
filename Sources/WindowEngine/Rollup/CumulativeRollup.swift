/// Growing totals of the local calendar day over the keys of one group.
final class CumulativeRollup: WindowRollup {
  /// Which steps a key had in a day before late events changed some, and which those are.
  private struct Late {
    let before: Slices.Presence
    let wasNew: Bool
    var changed: Set<Int64> = []
  }

  private struct KeyDay: Hashable {
    let slot: Int
    let day: Int64
  }

  private struct Point: Hashable {
    let slot: Int
    let end: Int64
  }

  /// The keys that have something to publish when a step or a day ends.
  private struct Due {
    let day: DayCalendar.Day
    var slots: [Int] = []
  }

  private let state: GroupState
  private let encoder: RecordEncoder
  private let ranking: Boards
  private let step: Int64
  private var calendar: DayCalendar
  private var keys: [[DayTotal]] = []
  /// The keys of each day, by its start.
  private var dayKeys: [Int64: [Int]] = [:]
  private var due: [Int64: Due] = [:]
  /// How many steps of each day are in the base, by the day's start.
  private var absorbed: [Int64: Int64] = [:]
  private var publishedHorizon = Int64.min
  private var liveEnd = Int64.min
  private var liveDay: DayCalendar.Day?
  private var late: [KeyDay: Late] = [:]
  private var revisions: [Point: Int] = [:]

  init(state: GroupState, window: Int, step: Int64, timeZone: String) {
    guard let calendar = DayCalendar(timeZone: timeZone) else { preconditionFailure("no time zone \(timeZone)") }
    self.state = state
    self.step = step
    self.calendar = calendar
    encoder = RecordEncoder(plan: state.plan, window: window, group: state.group, buffer: state.buffer)
    ranking = Boards(state: state, window: window, encoder: encoder)
  }

  var keyCount: Int { dayKeys.values.reduce(0) { $0 + $1.count } }
  /// A day's total never falls to zero.
  var isFading: Bool { false }

  func add(_ delta: BlockEntry, slot: Int) {
    while keys.count <= slot { keys.append([]) }
    let time = delta.pane * state.plan.time.pane
    let day = calendar.day(containing: time)
    let index = (time - day.start) / step
    let end = stepEnd(day, index)
    let isNewDay = !keys[slot].contains { $0.day == day }
    if isNewDay {
      keys[slot].append(DayTotal(day: day))
      state.keys.retain(slot)
      dayKeys[day.start, default: []].append(slot)
    }
    let i = keys[slot].firstIndex { $0.day == day }!
    let isLate = state.mode == .continuous && end <= publishedHorizon
    if isLate {
      late[
        KeyDay(slot: slot, day: day.start), default: Late(before: keys[slot][i].steps.presence, wasNew: isNewDay)
      ].changed.insert(index)
    }
    let isNewStep = keys[slot][i].add(delta, step: index, in: state.pool)
    if isNewDay && day.end > publishedHorizon { due[day.end, default: Due(day: day)].slots.append(slot) }
    if isNewStep && !isLate && end != day.end { due[end, default: Due(day: day)].slots.append(slot) }
  }

  private func stepEnd(_ day: DayCalendar.Day, _ index: Int64) -> Int64 { min(day.start + (index + 1) * step, day.end) }

  /// The step of `day` that ends at `end`.
  private func stepIndex(_ day: DayCalendar.Day, _ end: Int64) -> Int64 { (end - day.start + step - 1) / step - 1 }

  // MARK: Final records

  func publishRevisions() {
    var boardEnds: [Int64: DayCalendar.Day] = [:]
    for (key, change) in late {
      guard let i = keys[key.slot].firstIndex(where: { $0.day.start == key.day }), let first = change.changed.min()
      else { continue }
      let day = keys[key.slot][i].day
      // Every step from the first changed one on in which the key has events, and the end of the day.
      var ends = Set(keys[key.slot][i].steps.indices.filter { $0 >= first }.map { stepEnd(day, $0) })
      ends.insert(day.end)
      for end in ends.sorted() where end <= publishedHorizon {
        let index = stepIndex(day, end)
        let wasPublished = change.before.contains(index) || (end == day.end && !change.wasNew)
        var revision = 0
        if wasPublished {
          revision = (revisions[Point(slot: key.slot, end: end)] ?? 0) + 1
          revisions[Point(slot: key.slot, end: end)] = revision
        }
        publish(key.slot, day, end: end, revision: revision)
        if !ranking.isEmpty { boardEnds[end] = day }
      }
      // A board shows every key, so it changes at each later point that any key has published.
      if !ranking.isEmpty {
        for end in ranking.publishedEnds where end >= stepEnd(day, first) && end <= day.end { boardEnds[end] = day }
      }
    }
    late.removeAll(keepingCapacity: true)
    for (end, day) in boardEnds.sorted(by: { $0.key < $1.key }) { publishBoards(day, end: end) }
  }

  func publishFinals(_ time: RollupTime) {
    if time.finalHorizon <= publishedHorizon { return }
    publishedHorizon = time.finalHorizon
    for end in due.keys.filter({ $0 <= publishedHorizon }).sorted() {
      guard let now = due.removeValue(forKey: end) else { continue }
      for slot in now.slots { publish(slot, now.day, end: end, revision: 0) }
      publishBoards(now.day, end: end)
      if state.mode == .once && end == now.day.end { forget(now.day) }
    }
  }

  private func publish(_ slot: Int, _ day: DayCalendar.Day, end: Int64, revision: Int) {
    guard let values = values(slot, day, end: end, onlineEnd: end, isLive: false) else { return }
    encoder.write(
      .metrics, key: state.keys.text(slot), start: day.start, end: end, isFinal: true, revision: revision,
      values: values)
  }

  private func publishBoards(_ day: DayCalendar.Day, end: Int64) {
    if ranking.isEmpty { return }
    ranking.publishFinal(start: day.start, end: end, slots: dayKeys[day.start] ?? []) { slot in
      values(slot, day, end: end, onlineEnd: end, isLive: false)
    }
  }

  /// The total of a key's day up to `end`, or `nil` if it holds no event by then.
  private func values(
    _ slot: Int, _ day: DayCalendar.Day, end: Int64, onlineEnd: Int64, isLive: Bool
  ) -> MetricValues? {
    guard let i = keys[slot].firstIndex(where: { $0.day == day }) else { return nil }
    let index = stepIndex(day, end)
    if state.mode == .once {
      // Nothing before `end` can change any more.
      keys[slot][i].absorb(before: index + 1, in: state.pool)
    }
    let online = state.online(
      slot, from: max(day.start, onlineEnd - OnlineViewers.span), to: onlineEnd, isLive: isLive)
    return keys[slot][i].withTotal(before: index + 1, in: state.pool) { state.values(of: $0, online: online) }
  }

  // MARK: Live records

  func publishLive(_ time: RollupTime, online: [Int]) {
    let day = calendar.day(containing: time.newest)
    let end = stepEnd(day, (time.newest - day.start) / step)
    let onlineEnd = (floorDivide(time.newest, state.plan.time.pane) + 1) * state.plan.time.pane
    if let liveDay, liveDay != day {
      for slot in dayKeys[liveDay.start] ?? [] { publishLive(slot, liveDay, end: liveDay.end, onlineEnd: liveDay.end) }
    }
    if end != liveEnd || liveDay != day {
      for slot in dayKeys[day.start] ?? [] { publishLive(slot, day, end: end, onlineEnd: onlineEnd) }
    }
    for slot in state.touched where slot < keys.count {
      for total in keys[slot] where total.day.start <= time.newest {
        let isOver = total.day.end <= time.newest
        publishLive(
          slot, total.day, end: isOver ? total.day.end : end, onlineEnd: isOver ? total.day.end : onlineEnd)
      }
    }
    for slot in online where slot < keys.count { publishLive(slot, day, end: end, onlineEnd: onlineEnd) }
    let isUnchanged = end == liveEnd && liveDay == day && state.touched.isEmpty && online.isEmpty
    liveEnd = end
    liveDay = day
    if ranking.isEmpty || isUnchanged { return }
    ranking.publishLive(start: day.start, end: end, slots: dayKeys[day.start] ?? []) { slot in
      values(slot, day, end: end, onlineEnd: onlineEnd, isLive: true)
    }
  }

  private func publishLive(_ slot: Int, _ day: DayCalendar.Day, end: Int64, onlineEnd: Int64) {
    guard let i = keys[slot].firstIndex(where: { $0.day == day }),
      let values = values(slot, day, end: end, onlineEnd: onlineEnd, isLive: true)
    else { return }
    let fingerprint = Fingerprint.of(values, start: day.start, end: end)
    if fingerprint == keys[slot][i].live.fingerprint { return }
    encoder.write(
      .live, key: state.keys.text(slot), start: day.start, end: end, isFinal: false, revision: 0, values: values)
    keys[slot][i].live = LiveState(fingerprint: fingerprint, end: end, isZero: false)
  }

  // MARK: Forgetting

  func prune(_ time: RollupTime) {
    if state.mode == .once || time.closedHorizon == .min { return }
    for (start, slots) in dayKeys {
      guard let first = slots.first, let day = keys[first].first(where: { $0.day.start == start })?.day else {
        continue
      }
      if day.end <= time.closedHorizon {
        // The live record of a day that is over stays until the newest time has left the day.
        if time.newest >= day.end && liveDay != day { forget(day) }
        continue
      }
      let closed = (time.closedHorizon - day.start) / step
      if closed <= absorbed[start] ?? 0 { continue }
      absorbed[start] = closed
      for slot in slots {
        if let i = keys[slot].firstIndex(where: { $0.day == day }) {
          keys[slot][i].absorb(before: closed, in: state.pool)
        }
      }
    }
    if !revisions.isEmpty { revisions = revisions.filter { $0.key.end > time.closedHorizon } }
    ranking.prune(time)
  }

  private func forget(_ day: DayCalendar.Day) {
    absorbed[day.start] = nil
    for slot in dayKeys.removeValue(forKey: day.start) ?? [] {
      guard let i = keys[slot].firstIndex(where: { $0.day == day }) else { continue }
      keys[slot][i].clear(in: state.pool)
      keys[slot].remove(at: i)
      state.keys.release(slot)
    }
  }

  // MARK: Changelog

  var boards: Boards? { ranking }

  func write(slot: Int, to buffer: ByteBuffer) {
    buffer.reserve(16)
    buffer.putVarint(UInt64(slot < keys.count ? keys[slot].count : 0))
    if slot >= keys.count { return }
    for total in keys[slot] {
      buffer.reserve(16)
      buffer.putSigned(total.day.start)
      buffer.put(total.base)
      buffer.put(total.steps)
    }
  }

  func restore(slot: Int, from reader: inout ByteReader) throws(StateError) {
    while keys.count <= slot { keys.append([]) }
    for _ in 0..<(try reader.varint()) {
      let start = try reader.signed()
      let day = calendar.day(containing: start)
      guard day.start == start else { throw reader.invalid("day") }
      let total = DayTotal(
        day: day, base: try reader.packedAccumulator(in: state.pool), steps: try reader.slices(in: state.pool))
      keys[slot].append(total)
      state.keys.retain(slot)
      dayKeys[start, default: []].append(slot)
      due[day.end, default: Due(day: day)].slots.append(slot)
      for index in total.steps.indices where stepEnd(day, index) != day.end {
        due[stepEnd(day, index), default: Due(day: day)].slots.append(slot)
      }
    }
  }

  func resume(_ time: RollupTime, liveNewest: Int64) {
    publishedHorizon = time.finalHorizon
    for end in due.keys where end <= publishedHorizon { due[end] = nil }
    if liveNewest == .min { return }
    let day = calendar.day(containing: liveNewest)
    liveDay = day
    liveEnd = stepEnd(day, (liveNewest - day.start) / step)
  }
}
