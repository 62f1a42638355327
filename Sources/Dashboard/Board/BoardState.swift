/// The newest live record per Kafka key, arranged by window and group.
///
/// A plain value without a lock or a clock: ``LiveBoard`` shares one between threads, ``WatchModel`` owns one.
struct BoardState: Sendable {
  struct Location {
    var section: Int
    var index: Int
  }

  struct Window {
    var history: TrendHistory
    /// The total since the start, of a window that has one.
    var curve = TrendLine(capacity: BoardLimits.curvePoints, stepMilliseconds: BoardLimits.curveStepMilliseconds)
    var startMilliseconds: Int64 = 0
    var lengthMilliseconds: Int64 = 0
    var hasStart = false
    var hasPlatform = false
  }

  /// Where a group's trends are kept: its shortest rolling window.
  struct TrendPlace {
    var section: Int
    var lengthMilliseconds: Int64
  }

  struct SectionName: Hashable {
    var window: String
    var group: String
  }

  let limits: BoardLimits
  /// The names of session windows: a record does not tell them from the day.
  let sessionWindows: Set<String>
  /// Counts every change, so that a reader can ask for what came after the last one it saw.
  private(set) var version: UInt64 = 0
  private(set) var droppedKeys: UInt64 = 0
  private(set) var malformedRecords: UInt64 = 0
  private(set) var sections: [BoardSection] = []
  private(set) var locations: [[UInt8]: Location] = [:]
  private(set) var sectionIndexes: [SectionName: Int] = [:]
  private(set) var windows: [String: Window] = [:]
  private(set) var trendPlaces: [String: TrendPlace] = [:]
  /// Keys of groups of several fields.
  private var compoundKeys = 0
  private var newestEndMilliseconds: Int64 = 0
  private var dropsUntilSweep = 0

  init(limits: BoardLimits, sessionWindows: Set<String> = []) {
    self.limits = limits
    self.sessionWindows = sessionWindows
  }

  var keyCount: Int { locations.count }

  /// Takes one record of the live topic; a nil value is a tombstone.
  mutating func apply(key: [UInt8], value: [UInt8]?) {
    guard let value else {
      if let location = locations[key] { remove(location) }
      return
    }
    guard let measures = Measures(value) else {
      malformedRecords += 1
      return
    }
    newestEndMilliseconds = max(newestEndMilliseconds, measures.endMilliseconds)
    if let location = locations[key] {
      version += 1
      let version = version
      sections[location.section].update(location.index) { entry in
        entry.value = value
        entry.gmv = measures.gmv
        entry.endMilliseconds = measures.endMilliseconds
        entry.version = version
      }
      noteTrend(location, value, measures)
      if sections[location.section].group.isEmpty { notePlatform(sections[location.section].window, value, measures) }
    } else {
      insert(key, value, measures)
    }
  }

  private mutating func insert(_ key: [UInt8], _ value: [UInt8], _ measures: Measures) {
    guard let name = RecordKey(key) else {
      malformedRecords += 1
      return
    }
    let start = name.hasStart ? measures.startMilliseconds : 0
    // A cumulative window or session from before the platform's current one is over.
    if name.hasStart, let window = windows[name.window], start < window.startMilliseconds { return }
    let isCompound = name.group.contains("+")
    if !name.group.isEmpty, !hasRoom(isCompound: isCompound) {
      droppedKeys += 1
      return
    }
    version += 1
    if isCompound { compoundKeys += 1 }
    windows[name.window, default: Window(history: TrendHistory(limit: limits.historyPoints))].hasStart = name.hasStart
    let section = sectionIndex(name)
    if !name.hasStart {
      let length = measures.endMilliseconds - measures.startMilliseconds
      windows[name.window]?.lengthMilliseconds = length
      noteTrendPlace(name.group, section, length)
    }
    let index = sections[section].append(
      BoardSection.Entry(
        key: key, row: name.row, value: value, gmv: measures.gmv, startMilliseconds: start,
        endMilliseconds: measures.endMilliseconds, version: version,
        trend: trendPlaces[name.group]?.section == section ? Self.emptyTrend : nil))
    let location = Location(section: section, index: index)
    locations[key] = location
    noteTrend(location, value, measures)
    if name.group.isEmpty {
      if name.hasStart { restart(name.window, startMilliseconds: start) }
      notePlatform(name.window, value, measures)
    }
  }

  private mutating func sectionIndex(_ key: RecordKey) -> Int {
    let name = SectionName(window: key.window, group: key.group)
    if let index = sectionIndexes[name] { return index }
    sections.append(BoardSection(window: key.window, group: key.group))
    sectionIndexes[name] = sections.count - 1
    return sections.count - 1
  }

  private mutating func remove(_ location: Location) {
    version += 1
    if sections[location.section].group.contains("+") { compoundKeys -= 1 }
    locations[sections[location.section].entries[location.index].key] = nil
    if let moved = sections[location.section].remove(location.index, version: version) {
      locations[moved] = location
    }
  }

  private mutating func remove(where isOld: (BoardSection.Entry) -> Bool, in section: Int) {
    for index in sections[section].entries.indices.reversed() where isOld(sections[section].entries[index]) {
      remove(Location(section: section, index: index))
    }
  }

  // MARK: Time

  private mutating func notePlatform(_ window: String, _ value: [UInt8], _ measures: Measures) {
    let texts = RecordFields(value).texts(of: ["orders", "online"])
    windows[window]?.hasPlatform = true
    windows[window]?.lengthMilliseconds = measures.endMilliseconds - measures.startMilliseconds
    windows[window]?.history.append(
      TrendHistory.Point(
        endMilliseconds: measures.endMilliseconds, gmv: measures.gmv,
        orders: texts[0].flatMap(Double.init) ?? 0, online: texts[1].flatMap(Double.init) ?? 0))
    if windows[window]?.hasStart == true {
      windows[window]?.curve.append(
        TrendLine.Point(
          endMilliseconds: measures.endMilliseconds, gmv: Float(measures.gmv),
          online: texts[1].flatMap(Float.init) ?? 0))
    }
  }

  private static let emptyTrend = TrendLine(
    capacity: BoardLimits.trendPoints, stepMilliseconds: BoardLimits.trendStepMilliseconds)

  private mutating func noteTrendPlace(_ group: String, _ section: Int, _ lengthMilliseconds: Int64) {
    if let known = trendPlaces[group], known.lengthMilliseconds <= lengthMilliseconds { return }
    // What was kept in a longer window is given up.
    if let longer = trendPlaces[group]?.section { sections[longer].keepsTrends(nil) }
    trendPlaces[group] = TrendPlace(section: section, lengthMilliseconds: lengthMilliseconds)
    sections[section].keepsTrends(Self.emptyTrend)
  }

  private mutating func noteTrend(_ location: Location, _ value: [UInt8], _ measures: Measures) {
    let group = sections[location.section].group
    guard !group.isEmpty, trendPlaces[group]?.section == location.section else { return }
    let point = TrendLine.Point(measures, value)
    sections[location.section].updateTrend(location.index) { $0.append(point) }
  }

  /// Every event belongs to the platform, so when its window starts anew all earlier ones of that name are over.
  private mutating func restart(_ window: String, startMilliseconds: Int64) {
    guard let known = windows[window], startMilliseconds > known.startMilliseconds else { return }
    windows[window]?.startMilliseconds = startMilliseconds
    windows[window]?.history.restart()
    windows[window]?.curve.restart()
    for section in sections.indices where sections[section].window == window {
      remove(where: { $0.startMilliseconds < startMilliseconds }, in: section)
    }
  }

  private mutating func hasRoom(isCompound: Bool) -> Bool {
    func isFull() -> Bool {
      locations.count >= limits.maxKeys || (isCompound && compoundKeys >= limits.maxKeys / 2)
    }
    guard isFull() else { return true }
    guard dropsUntilSweep == 0 else {
      dropsUntilSweep -= 1
      return false
    }
    dropsUntilSweep = BoardLimits.dropsBetweenSweeps
    let newest = newestEndMilliseconds
    for section in sections.indices {
      let retention =
        windows[sections[section].window]?.hasStart == true
        ? BoardLimits.startedRetentionMilliseconds : BoardLimits.rollingRetentionMilliseconds
      remove(where: { $0.endMilliseconds < newest - retention }, in: section)
    }
    return !isFull()
  }

  // MARK: The past

  /// Takes a final record of the time before the first live one, for the trends only.
  mutating func recall(key: [UInt8], value: [UInt8]) {
    guard let name = RecordKey(key), let measures = Measures(value) else { return }
    let point = TrendLine.Point(measures, value)
    if !name.group.isEmpty {
      guard let location = locations[key] else { return }
      sections[location.section].updateTrend(location.index) { $0.insert(point) }
    } else if let window = windows[name.window] {
      if !name.hasStart {
        windows[name.window]?.history.insert(
          TrendHistory.Point(
            endMilliseconds: measures.endMilliseconds, gmv: measures.gmv,
            orders: RecordFields(value).number(of: "orders") ?? 0, online: Double(point.online)))
      } else if measures.startMilliseconds == window.startMilliseconds {
        windows[name.window]?.curve.insert(point)
      }
    }
    version += 1
  }

  /// The first `count` rows of a group by a metric.
  mutating func top(_ count: Int, window: String, group: String, by field: MetricName = .gmv) -> [BoardSection.Entry] {
    guard let index = sectionIndexes[SectionName(window: window, group: group)] else { return [] }
    return sections[index].top(count, by: field)
  }
}
