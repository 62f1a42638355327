import WindowEngine

/// The last content of every identity, added up from the plain list of counted events.
struct FinalRecords {
  private let plan: OraclePlan
  private let events: [CountedEvent]
  private let minorDigits: Int

  init(plan: OraclePlan, events: [CountedEvent]) {
    self.plan = plan
    self.events = events
    minorDigits = Currencies.minorDigits(plan.currency)
  }

  func all() -> [OracleRecord] {
    var records: [OracleRecord] = []
    for window in plan.windows {
      for group in plan.groups(of: window) {
        for (key, keyEvents) in eventsByKey(group) {
          for interval in intervals(window, keyEvents) {
            records.append(metricRecord(window, group, key, interval))
          }
        }
      }
    }
    for leaderboard in plan.leaderboards {
      guard let window = plan.windows.first(where: { $0.name == leaderboard.window }) else {
        preconditionFailure("leaderboard \(leaderboard.name) names no window")
      }
      let byKey = eventsByKey(leaderboard.group)
      for interval in intervals(window, byKey.values.flatMap { $0 }) {
        records.append(leaderboardRecord(leaderboard, window, byKey, interval))
      }
    }
    return records
  }

  private func eventsByKey(_ group: Grouping) -> [GroupKey: [CountedEvent]] {
    var result: [GroupKey: [CountedEvent]] = [:]
    for event in events {
      if let key = event.keys[group] { result[key, default: []].append(event) }
    }
    return result
  }

  /// One published window of a key, or of all keys of a leaderboard's group.
  private struct Interval {
    var start: Int64
    var end: Int64
    var online: Range<Int64>
    var events: [CountedEvent]
  }

  private func interval(_ start: Int64, _ end: Int64, _ events: [CountedEvent]) -> Interval {
    Interval(
      start: start, end: end, online: max(start, end - 60_000)..<end,
      events: events.filter { $0.ts >= start && $0.ts < end })
  }

  private func intervals(_ window: WindowDefinition, _ events: [CountedEvent]) -> [Interval] {
    switch window.kind {
    case .sliding(let size, let slide): sliding(size, slide, events)
    case .cumulative(let step, let timeZone): cumulative(step, timeZone, events)
    case .session(let gap): sessions(gap, events)
    }
  }

  private func sliding(_ size: Int64, _ slide: Int64, _ events: [CountedEvent]) -> [Interval] {
    var ends: Set<Int64> = []
    for event in events {
      var end = (floorDivide(event.ts, slide) + 1) * slide
      while end - size <= event.ts {
        ends.insert(end)
        end += slide
      }
    }
    // The first window that holds none after one that held some is published too: its content is zero.
    let all = ends.union(ends.map { $0 + slide })
    return all.sorted().map { interval($0 - size, $0, events) }
  }

  private func cumulative(_ step: Int64, _ timeZone: String, _ events: [CountedEvent]) -> [Interval] {
    guard let days = LocalDays(timeZone) else { preconditionFailure("no time zone \(timeZone)") }
    var endsByDay: [Range<Int64>: Set<Int64>] = [:]
    for event in events {
      let day = days.day(holding: event.ts)
      let stepsBefore = floorDivide(event.ts - day.lowerBound, step)
      let end = min(day.lowerBound + (stepsBefore + 1) * step, day.upperBound)
      endsByDay[day, default: [day.upperBound]].insert(end)
    }
    return endsByDay.flatMap { day, ends in ends.sorted().map { interval(day.lowerBound, $0, events) } }
  }

  private func sessions(_ gap: Int64, _ events: [CountedEvent]) -> [Interval] {
    var sessions: [[CountedEvent]] = []
    for event in events.sorted(by: { $0.ts < $1.ts }) {
      if let previous = sessions.last?.last, event.ts - previous.ts < gap {
        sessions[sessions.count - 1].append(event)
      } else {
        sessions.append([event])
      }
    }
    return sessions.map { session in
      let last = session.last!.ts
      let paneEnd = (floorDivide(last, plan.time.pane) + 1) * plan.time.pane
      return Interval(
        start: session[0].ts, end: last + gap, online: paneEnd - 60_000..<paneEnd, events: session)
    }
  }

  private func metricRecord(
    _ window: WindowDefinition, _ group: Grouping, _ key: GroupKey, _ interval: Interval
  ) -> OracleRecord {
    var fields = Tally(interval.events, online: interval.online, minorDigits: minorDigits).fields
    fields["window"] = window.name
    fields["window_start"] = CalendarText.iso(interval.start)
    fields["window_end"] = CalendarText.iso(interval.end)
    fields["group"] = text(groupJSON(group))
    fields["key"] = text(keyJSON(group, key))
    fields["currency"] = plan.currency
    if key.values == nil { fields["other"] = "true" }
    var kafkaKey = window.name + "|" + group.fields.map(\.name).joined(separator: "+") + "|"
    kafkaKey += group.fields.indices.map { kafkaKeyPart(key.values?[$0]) }.joined(separator: "/")
    if case .sliding = window.kind {} else { kafkaKey += "|" + CalendarText.iso(interval.start) }
    return OracleRecord(
      topic: .metrics, key: kafkaKey, windowStart: interval.start, windowEnd: interval.end, fields: fields)
  }

  private func leaderboardRecord(
    _ leaderboard: LeaderboardDefinition, _ window: WindowDefinition, _ byKey: [GroupKey: [CountedEvent]],
    _ interval: Interval
  ) -> OracleRecord {
    var ranked: [(key: GroupKey, value: ExactNumber)] = []
    for (key, events) in byKey {
      let own = self.interval(interval.start, interval.end, events)
      let tally = Tally(own.events, online: own.online, minorDigits: minorDigits)
      if let value = tally.value(leaderboard.by), value.mantissa != 0 { ranked.append((key, value)) }
    }
    ranked.sort { left, right in
      if left.value != right.value { return left.value.mantissa > right.value.mantissa }
      return precedes(left.key, right.key)
    }
    let entries = ranked.prefix(leaderboard.size).enumerated().map { index, entry in
      JSONValue.object([
        Array("rank".utf8): .number(Array(String(index + 1).utf8)),
        Array("key".utf8): keyJSON(leaderboard.group, entry.key),
        Array("value".utf8): .number(Array(entry.value.text.utf8)),
      ])
    }
    var kafkaKey = leaderboard.name + "|" + window.name
    if case .cumulative = window.kind { kafkaKey += "|" + CalendarText.iso(interval.start) }
    return OracleRecord(
      topic: .leaderboards, key: kafkaKey, windowStart: interval.start, windowEnd: interval.end,
      fields: [
        "leaderboard": leaderboard.name,
        "window": window.name,
        "window_start": CalendarText.iso(interval.start),
        "window_end": CalendarText.iso(interval.end),
        "by": leaderboard.by.rawValue,
        "group": text(groupJSON(leaderboard.group)),
        "entries": text(.array(entries)),
      ])
  }

  /// Field by field by UTF-8 bytes; the overflow key's nulls before any value.
  private func precedes(_ left: GroupKey, _ right: GroupKey) -> Bool {
    guard let leftValues = left.values, let rightValues = right.values else {
      return left.values == nil && right.values != nil
    }
    for (a, b) in zip(leftValues, rightValues) where a != b { return a.lexicographicallyPrecedes(b) }
    return false
  }

  private func groupJSON(_ group: Grouping) -> JSONValue { .array(group.fields.map { .text($0.name) }) }

  private func keyJSON(_ group: Grouping, _ key: GroupKey) -> JSONValue {
    var members: [[UInt8]: JSONValue] = [:]
    for (index, field) in group.fields.enumerated() {
      members[Array(field.name.utf8)] = key.values.map { .string($0[index]) } ?? .null
    }
    return .object(members)
  }

  private func text(_ value: JSONValue) -> String { String(decoding: value.canonicalText, as: UTF8.self) }

  private func kafkaKeyPart(_ value: [UInt8]?) -> String {
    guard let value else { return "%00" }
    var result: [UInt8] = []
    for byte in value {
      switch byte {
      case UInt8(ascii: "|"): result += Array("%7C".utf8)
      case UInt8(ascii: "/"): result += Array("%2F".utf8)
      case UInt8(ascii: "%"): result += Array("%25".utf8)
      default: result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
