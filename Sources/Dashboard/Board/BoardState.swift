/// The newest live record per Kafka key, arranged by window and group.
///
/// A plain value without a lock or a clock: ``LiveBoard`` shares one between threads, ``WatchModel`` owns one.
struct BoardState: Sendable {
  private struct Location {
    var section: Int
    var index: Int
  }

  private struct Window {
    var history: TrendHistory
    var startMilliseconds: Int64 = 0
    var lengthMilliseconds: Int64 = 0
    var hasStart = false
    var hasPlatform = false
  }

  private struct SectionName: Hashable {
    var window: String
    var group: String
  }

  let limits: BoardLimits
  /// Counts every change, so that a reader can ask for what came after the last one it saw.
  private(set) var version: UInt64 = 0
  private(set) var droppedKeys: UInt64 = 0
  private(set) var malformedRecords: UInt64 = 0
  private(set) var sections: [BoardSection] = []
  private var locations: [[UInt8]: Location] = [:]
  private var sectionIndexes: [SectionName: Int] = [:]
  private var windows: [String: Window] = [:]
  private var newestEndMilliseconds: Int64 = 0
  private var dropsUntilSweep = 0

  init(limits: BoardLimits) { self.limits = limits }

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
    if !name.group.isEmpty, !hasRoom() {
      droppedKeys += 1
      return
    }
    version += 1
    windows[name.window, default: Window(history: TrendHistory(limit: limits.historyPoints))].hasStart = name.hasStart
    let section = sectionIndex(name)
    let index = sections[section].append(
      BoardSection.Entry(
        key: key, row: name.row, value: value, gmv: measures.gmv, startMilliseconds: start,
        endMilliseconds: measures.endMilliseconds, version: version))
    locations[key] = Location(section: section, index: index)
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
  }

  /// Every event belongs to the platform, so when its window starts anew all earlier ones of that name are over.
  private mutating func restart(_ window: String, startMilliseconds: Int64) {
    guard let known = windows[window], startMilliseconds > known.startMilliseconds else { return }
    windows[window]?.startMilliseconds = startMilliseconds
    windows[window]?.history.restart()
    for section in sections.indices where sections[section].window == window {
      remove(where: { $0.startMilliseconds < startMilliseconds }, in: section)
    }
  }

  private mutating func hasRoom() -> Bool {
    guard locations.count >= limits.maxKeys else { return true }
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
    return locations.count < limits.maxKeys
  }
}

// MARK: Reading

extension BoardState {
  /// The windows that have a platform record: rolling ones by length, then those that start anew.
  var windowInfos: [WindowInfo] {
    windows.filter(\.value.hasPlatform).map { name, window in
      WindowInfo(name: name, restarts: window.hasStart, lengthMilliseconds: window.lengthMilliseconds)
    }.sorted { ($0.restarts ? 1 : 0, $0.sortLength, $0.name) < ($1.restarts ? 1 : 0, $1.sortLength, $1.name) }
  }

  /// The groups, as in Kafka keys, that have records in a window; without the platform.
  func groups(in window: String) -> [String] {
    sections.filter { $0.window == window && !$0.group.isEmpty && !$0.entries.isEmpty }.map(\.group).sorted()
  }

  /// Whether any record of this window was seen.
  func knows(window: String) -> Bool { windows[window] != nil }

  /// The current platform record of a window.
  func platform(_ window: String) -> BoardSection.Entry? {
    section(window: window, group: "")?.entries.max { $0.startMilliseconds < $1.startMilliseconds }
  }

  func history(_ window: String) -> ArraySlice<TrendHistory.Point> { windows[window]?.history.newest ?? [] }

  func section(window: String, group: String) -> BoardSection? {
    sectionIndexes[SectionName(window: window, group: group)].map { sections[$0] }
  }

  func entry(key: [UInt8]) -> BoardSection.Entry? {
    locations[key].map { sections[$0.section].entries[$0.index] }
  }

  /// The first `count` rows of a group by GMV.
  mutating func top(_ count: Int, window: String, group: String) -> [BoardSection.Entry] {
    guard let index = sectionIndexes[SectionName(window: window, group: group)] else { return [] }
    return sections[index].top(count)
  }
}
