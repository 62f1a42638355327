/// What readers ask a board for.
extension BoardState {
  /// The windows that have a platform record: rolling ones by length, then those that start anew.
  var windowInfos: [WindowInfo] {
    windows.filter(\.value.hasPlatform).map { name, window in
      info(name, window)
    }.sorted(by: WindowInfo.precedes)
  }

  /// The windows that hold records of a group; those of the platform for an empty one.
  func windowInfos(of group: String) -> [WindowInfo] {
    sections.filter { $0.group == group && !$0.entries.isEmpty }
      .compactMap { section in windows[section.window].map { info(section.window, $0) } }
      .sorted(by: WindowInfo.precedes)
  }

  private func info(_ name: String, _ window: Window) -> WindowInfo {
    let kind: WindowInfo.Kind =
      !window.hasStart ? .sliding : sessionWindows.contains(name) ? .session : .cumulative
    return WindowInfo(name: name, kind: kind, lengthMilliseconds: window.lengthMilliseconds)
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

  func trendHistory(_ window: String) -> TrendHistory? { windows[window]?.history }

  /// The total of a window that grows from a start, since that start.
  func curve(_ window: String) -> TrendLine? { windows[window]?.curve }

  /// The trend of a key of a group, by its values joined by `/`, with the window whose figures it holds.
  func trend(group: String, id: String) -> (window: WindowInfo, line: TrendLine)? {
    guard let place = trendPlaces[group] else { return nil }
    let name = sections[place.section].window
    guard let window = windows[name], let line = entry(key: Array("\(name)|\(group)|\(id)".utf8))?.trend else {
      return nil
    }
    return (info(name, window), line)
  }

  func section(window: String, group: String) -> BoardSection? {
    sectionIndexes[SectionName(window: window, group: group)].map { sections[$0] }
  }

  func entry(key: [UInt8]) -> BoardSection.Entry? {
    locations[key].map { sections[$0.section].entries[$0.index] }
  }

  /// The record of a key by its values joined by `/`; of a window that starts anew the newest, unless `id` ends with
  /// a start.
  func entry(window: String, group: String, id: String) -> BoardSection.Entry? {
    if let entry = entry(key: Array("\(window)|\(group)|\(id)".utf8)) { return entry }
    let started = id + "|"
    guard windows[window]?.hasStart == true, let section = section(window: window, group: group) else { return nil }
    let current = Array("\(window)|\(group)|\(started)\(startText(window))".utf8)
    if let entry = entry(key: current) { return entry }
    return section.entries.filter { $0.row.hasPrefix(started) }.max { $0.startMilliseconds < $1.startMilliseconds }
  }

  /// The start of the platform's current window as keys carry it; empty where the platform has none.
  private func startText(_ window: String) -> Substring {
    platform(window).map { $0.row.dropFirst() } ?? ""
  }
}
