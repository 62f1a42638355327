/// Turns what the board holds into messages: the first one of a client has everything, the later ones what has changed.
///
/// Message, one JSON object:
/// * `age_ms`: the age of the newest record at that moment.
/// * `frame`: `window` (the one shown), `windows`, `groups`, `stale_after_ms`.
/// * `records`: window -> record as published; null for one that is gone.
/// * `tables`: field -> `group`, `window`, `currency`, `by`, `fields`, `rows` of `{"id":..., "key":..., "v":[values of fields]}`.
/// * `trend` and `curve`: `window`, `limit`, `base`, `from`, `points` of `[end in ms, GMV, online]`. A client throws
///   away what it has from the point numbered `from` on and adds the points; `base` is the number of the first one.
///
/// A member that has not changed is absent, and so is a window or a field within `records` and `tables`.
struct FeedMessages {
  private struct Path: Hashable {
    var member: String
    var name: String?
  }

  private let by: MetricName
  private let staleAfterMilliseconds: Int64
  /// What every client of this view has by now.
  private var parts: [Path: [UInt8]] = [:]
  private var courses: [String: FeedView.Course] = [:]

  init(by: MetricName, staleAfterMilliseconds: Int64) {
    self.by = by
    self.staleAfterMilliseconds = staleAfterMilliseconds
  }

  /// The message that leads from the view before to this one; nil where nothing that is shown has changed.
  mutating func next(_ view: FeedView, ageMilliseconds: Int64) -> [UInt8]? {
    let all = encodeParts(view)
    var changed = all.filter { parts[$0.key] != $0.value }
    for gone in parts.keys where all[gone] == nil { changed[gone] = Array("null".utf8) }
    for (member, course) in [("trend", view.trend), ("curve", view.curve)] {
      guard let course else { continue }
      if let bytes = Self.encode(course, after: courses[member]) { changed[Path(member: member)] = bytes }
      courses[member] = course
    }
    parts = all
    return changed.isEmpty ? nil : Self.message(changed, ageMilliseconds: ageMilliseconds)
  }

  /// Everything that the messages so far have told.
  func snapshot(ageMilliseconds: Int64) -> [UInt8] {
    var all = parts
    for (member, course) in courses { all[Path(member: member)] = Self.encode(course, after: nil) }
    return Self.message(all, ageMilliseconds: ageMilliseconds)
  }

  private static func message(_ parts: [Path: [UInt8]], ageMilliseconds: Int64) -> [UInt8] {
    var json = JSONText()
    json.raw("{\"age_ms\":\(ageMilliseconds)")
    let members = Dictionary(grouping: parts) { $0.key.member }
    for (member, parts) in members.sorted(by: { $0.key < $1.key }) {
      json.raw(",")
      json.name(member)
      if parts[0].key.name == nil {
        json.raw(parts[0].value)
      } else {
        json.list(parts.sorted { $0.key.name! < $1.key.name! }, open: "{", close: "}") { json, part in
          json.name(part.key.name!)
          json.raw(part.value)
        }
      }
    }
    json.raw("}")
    return json.bytes
  }

  private func encodeParts(_ view: FeedView) -> [Path: [UInt8]] {
    var all = [Path(member: "frame"): encodeFrame(view)]
    for record in view.records { all[Path(member: "records", name: record.window)] = record.value }
    for table in view.tables { all[Path(member: "tables", name: table.field)] = encode(table) }
    return all
  }

  private func encodeFrame(_ view: FeedView) -> [UInt8] {
    var json = JSONText()
    json.raw("{\"stale_after_ms\":\(staleAfterMilliseconds),\"window\":")
    if let window = view.window { json.string(window.name) } else { json.raw("null") }
    json.raw(",\"windows\":")
    json.list(view.windows) { json, info in
      json.raw("{\"name\":")
      json.string(info.name)
      json.raw(",\"kind\":\"\(info.kind.rawValue)\"}")
    }
    json.raw(",\"groups\":")
    json.list(view.groups) { $0.string($1) }
    json.raw("}")
    return json.bytes
  }

  private func encode(_ table: FeedView.Table) -> [UInt8] {
    var json = JSONText()
    json.raw("{\"group\":")
    json.string(table.group)
    json.raw(",\"window\":")
    json.string(table.window)
    json.raw(",\"currency\":")
    json.raw(table.rows.first.flatMap { RecordFields($0.value).texts(of: ["currency"])[0] } ?? "null")
    json.raw(",\"by\":\"\(by.text)\",\"fields\":")
    json.list(table.fields) { $0.string("\($1)") }
    json.raw(",\"rows\":")
    json.list(table.rows) { json, entry in
      let texts = RecordFields(entry.value).texts(of: ["key"] + table.fields)
      json.raw("{\"id\":")
      let values = entry.id.split(separator: "/", omittingEmptySubsequences: false)
      json.string(table.place < values.count ? String(values[table.place]) : "")
      json.raw(",\"key\":")
      json.raw(texts[0] ?? "{}")
      json.raw(",\"v\":")
      json.list(texts.dropFirst()) { $0.raw($1 ?? "null") }
      json.raw("}")
    }
    json.raw("}")
    return json.bytes
  }

  /// What a client needs that has `known`; nil where that is all.
  private static func encode(_ course: FeedView.Course, after known: FeedView.Course?) -> [UInt8]? {
    var from = course.base
    if let known, known.generation == course.generation, known.window.name == course.window.name {
      // The newest point moves until the next one comes.
      let newest = known.base + known.points.count - 1
      let isSame = known.points.last == course.points.last && known.base == course.base
      if isSame && known.points.count == course.points.count { return nil }
      from = max(from, newest)
    }
    var json = JSONText()
    json.raw("{\"window\":")
    json.string(course.window.name)
    json.raw(",\"kind\":\"\(course.window.kind.rawValue)\",\"length_ms\":\(course.window.lengthMilliseconds)")
    json.raw(",\"limit\":\(course.limit),\"base\":\(course.base),\"from\":\(from),\"points\":")
    json.list(course.points.dropFirst(from - course.base)) { json, point in
      json.raw("[\(point.endMilliseconds),\(point.gmv),\(point.online)]")
    }
    json.raw("}")
    return json.bytes
  }
}
