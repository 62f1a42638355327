/// What the board holds for a request at one instant; references only, so that copying it is cheap.
struct FeedView: Sendable {
  struct Table: Sendable {
    /// The field whose values the rows are named by; the table's name.
    var field: String
    var group: String
    var window: String
    /// The place in the key of the value that names a row.
    var place: Int
    var fields: [StaticString]
    var rows: [BoardSection.Entry]
  }

  /// Points to be drawn, with where in a longer course they lie.
  struct Course: Sendable {
    var window: WindowInfo
    var generation: Int
    /// How many points were there before the first of these.
    var base: Int
    /// The most points a client keeps.
    var limit: Int
    var points: [Point]

    struct Point: Sendable, Equatable {
      var endMilliseconds: Int64
      var gmv: Double
      var online: Double
    }
  }

  var version: UInt64
  /// The window shown; nil before its first record.
  var window: WindowInfo?
  /// The windows there are to choose from.
  var windows: [WindowInfo]
  /// Every group that has records, in any window.
  var groups: [String]
  var records: [(window: String, value: [UInt8])] = []
  var tables: [Table] = []
  /// GMV and audience of a rolling window.
  var trend: Course?
  /// The day's total.
  var curve: Course?
}

extension BoardState {
  /// The tables of the platform's page, in this order.
  static let rankedFields = [
    "host_id", "session_id", "product_id", "brand_id", "mcn_id", "channel", "category_id", "region", "currency",
  ]
  private static let productColumns: [StaticString] = [
    "gmv", "orders", "units", "clicks", "click_conversion_rate", "refund_orders",
  ]
  private static let audienceColumns: [StaticString] = ["gmv", "orders", "online", "viewers", "conversion_rate", "gpm"]

  /// What the board holds for a request.
  mutating func view(_ request: FeedRequest) -> FeedView {
    let windows = windowInfos(of: request.subject.group)
    let window = request.window.flatMap { name in windows.first { $0.name == name } } ?? windows.first
    let groups = Set(sections.lazy.filter { !$0.entries.isEmpty }.map(\.group)).subtracting([""]).sorted()
    var view = FeedView(version: version, window: window, windows: windows, groups: groups)
    guard let window else { return view }
    switch request.subject {
    case .platform:
      view.records = records(windows, of: "", id: "", shown: window)
      let rolling = window.kind == .sliding ? window : windows.first { $0.kind == .sliding }
      view.trend = rolling.flatMap { info in trendHistory(info.name).map { FeedView.Course(info, $0) } }
      view.curve = windows.first { $0.kind == .cumulative }.flatMap { info in
        curve(info.name).map { FeedView.Course(info, $0) }
      }
      view.tables = Self.rankedFields.compactMap { table($0, in: window, by: request.by) }
    case .list(let group):
      let fields = group.split(separator: "+").map(String.init)
      view.tables = [
        FeedView.Table(
          field: fields.last ?? "", group: group, window: window.name, place: fields.count - 1,
          fields: Self.columns(fields, request.by),
          rows: ranked(FeedRequest.rowsPerList, window: window.name, group: group, by: request.by))
      ]
    case .key(let group, let id):
      view.records = records(windows, of: group, id: id, shown: window)
      view.trend = trend(group: group, id: id).map { FeedView.Course($0.window, $0.line) }
      view.tables = partners(of: group).compactMap { partner in
        table(partner, with: group, id: id, in: window, by: request.by)
      }
    }
    return view
  }

  /// The record of the shown window, of the shortest rolling one, and of every window that grows from a start.
  private func records(_ windows: [WindowInfo], of group: String, id: String, shown: WindowInfo)
    -> [(window: String, value: [UInt8])]
  {
    let rate = windows.first { $0.kind == .sliding }
    return windows.filter { $0 == shown || $0 == rate || $0.restarts }.compactMap { info in
      let entry = group.isEmpty ? platform(info.name) : entry(window: info.name, group: group, id: id)
      return entry.map { (info.name, $0.value) }
    }
  }

  /// The leading keys of a field in the shown window, or in the next longer one that has them.
  private mutating func table(_ field: String, in shown: WindowInfo, by metric: MetricName) -> FeedView.Table? {
    guard let window = nearest(shown, group: field) else { return nil }
    return FeedView.Table(
      field: field, group: field, window: window.name, place: 0, fields: Self.columns([field], metric),
      rows: ranked(FeedRequest.rowsPerTable, window: window.name, group: field, by: metric))
  }

  /// Groups of two fields, of which one is `group`: the other is what can be ranked within its keys.
  private func partners(of group: String) -> [(group: String, field: String, place: Int)] {
    var found: [(group: String, field: String, place: Int)] = []
    for name in Set(sections.map(\.group)).sorted() {
      let fields = name.split(separator: "+").map(String.init)
      guard fields.count == 2, let own = fields.firstIndex(of: group) else { continue }
      found.append((name, fields[1 - own], 1 - own))
    }
    func order(_ field: String) -> Int {
      // Products come first: they are what a broadcast is about.
      field == "product_id" ? -1 : Self.rankedFields.firstIndex(of: field) ?? Self.rankedFields.count
    }
    return found.sorted { order($0.field) < order($1.field) }
  }

  private func table(
    _ partner: (group: String, field: String, place: Int), with group: String, id: String, in shown: WindowInfo,
    by metric: MetricName
  ) -> FeedView.Table? {
    guard let window = nearest(shown, group: partner.group),
      let section = section(window: window.name, group: partner.group)
    else { return nil }
    let own = partner.place == 0 ? "/" + id : id + "/"
    let platformStart = platform(window.name)?.startMilliseconds
    let rows = section.top(FeedRequest.rowsPerList, by: metric) { entry in
      guard platformStart == nil || entry.startMilliseconds == platformStart || !window.restarts else { return false }
      return partner.place == 0 ? entry.id.hasSuffix(own) : entry.id.hasPrefix(own)
    }
    return FeedView.Table(
      field: partner.field, group: partner.group, window: window.name, place: partner.place,
      fields: Self.columns([group, partner.field], metric), rows: rows.filter { Self.hasValue($0, metric) })
  }

  private func nearest(_ shown: WindowInfo, group: String) -> WindowInfo? {
    let windows = windowInfos(of: group)
    return windows.first { $0 == shown } ?? windows.first { WindowInfo.precedes(shown, $0) } ?? windows.last
  }

  private mutating func ranked(_ count: Int, window: String, group: String, by metric: MetricName)
    -> [BoardSection.Entry]
  {
    top(count, window: window, group: group, by: metric).filter { Self.hasValue($0, metric) }
  }

  /// Leaderboards leave out keys whose value is 0 or null.
  private static func hasValue(_ entry: BoardSection.Entry, _ metric: MetricName) -> Bool {
    metric == .gmv ? entry.gmv != 0 : (RecordFields(entry.value).number(of: metric.text) ?? 0) != 0
  }

  private static func columns(_ fields: [String], _ metric: MetricName) -> [StaticString] {
    let usual = fields.contains("product_id") ? productColumns : audienceColumns
    return usual.contains { MetricName("\($0)") == metric } ? usual : [metric.text] + usual
  }
}

extension FeedView.Course {
  init(_ window: WindowInfo, _ history: TrendHistory) {
    let newest = history.newest
    self.init(
      window: window, generation: history.generation,
      base: history.cutCount + history.points.count - newest.count, limit: history.limit,
      points: newest.map { Point(endMilliseconds: $0.endMilliseconds, gmv: $0.gmv, online: $0.online) })
  }

  init(_ window: WindowInfo, _ line: TrendLine) {
    self.init(
      window: window, generation: line.generation, base: 0, limit: line.capacity,
      points: line.points.map {
        Point(endMilliseconds: $0.endMilliseconds, gmv: Double($0.gmv), online: Double($0.online))
      })
  }
}
