/// What `livetally watch` shows: the newest records, a window and a group, drawn as a screen.
///
/// ```swift
/// var model = WatchModel()
/// model.accept(key: record.key, value: record.value)
/// print(model.frame(width: 80, height: 24), terminator: "")
/// ```
public struct WatchModel: Sendable {
  private static let homeCursor = "\u{1B}[H"
  private static let clearToLineEnd = "\u{1B}[K"
  private static let clearToScreenEnd = "\u{1B}[J"
  /// The groups to choose from first where none is selected.
  private static let preferredGroups = ["host_id", "session_id", "product_id", "channel"]

  /// The window to show; nil for the shortest there is.
  public var window: String?
  /// The fields of the group to show under the platform's line; nil for one that has records, hosts first.
  public var group: [String]?
  /// The columns.
  public var columns = MetricRow.Column.allCases
  private var state: BoardState

  /// A model without records.
  public init(window: String? = nil, group: [String]? = nil, limits: BoardLimits = BoardLimits()) {
    self.window = window
    self.group = group
    state = BoardState(limits: limits)
  }

  /// Takes one record of `livetally.live`; a nil value is a tombstone.
  public mutating func accept(key: [UInt8], value: [UInt8]?) { state.apply(key: key, value: value) }

  /// The windows there are, the shortest first.
  public var windows: [String] { state.windowInfos.map(\.name) }

  /// The window shown: the selected one, or the shortest that has a platform record; nil before the first record.
  public var shownWindow: String? { window ?? windows.first ?? state.sections.first?.window }

  /// The groups of the shown window that have records.
  public var groups: [[String]] {
    guard let window = shownWindow else { return [] }
    return state.groups(in: window).map { $0.split(separator: "+").map(String.init) }
  }

  /// The group shown.
  public var shownGroup: [String]? {
    if let group { return group }
    let groups = groups
    return Self.preferredGroups.map { [$0] }.first(where: groups.contains) ?? groups.first
  }

  /// The platform's row of the shown window.
  public var platformRow: MetricRow? {
    shownWindow.flatMap { state.platform($0) }.flatMap { MetricRow(value: $0.value) }
  }

  /// The first `count` rows of the shown group by GMV.
  public mutating func rows(_ count: Int) -> [MetricRow] {
    guard let window = shownWindow, let group = shownGroup, !group.isEmpty, count > 0 else { return [] }
    return state.top(count, window: window, group: group.joined(separator: "+"))
      .compactMap { MetricRow(value: $0.value) }
  }

  /// One screen: a heading, the platform's line and the first keys of the group. Written over the one before it, it
  /// does not flicker; the alternate screen is not used, so the last state stays when the program ends.
  public mutating func frame(width: Int, height: Int) -> String {
    let lines = screen(width: width, height: height)
    let text = lines.map { $0 + Self.clearToLineEnd }.joined(separator: "\r\n")
    return Self.homeCursor + text + Self.clearToScreenEnd
  }

  /// The lines of ``frame(width:height:)`` without control sequences.
  mutating func screen(width: Int, height: Int) -> [String] {
    guard width > 0, height > 0 else { return [] }
    guard let platform = platformRow ?? rows(1).first else {
      return [DisplayWidth.fit("Waiting for the first records.", to: width)]
    }
    let room = height - 2
    let table = TerminalTable.render(
      rows: rows(max(0, room)), columns: columns, width: width, height: room, total: platformRow,
      keyTitle: shownGroup?.joined(separator: " / ") ?? "key")
    return Array(([heading(platform, width), ""] + table.lines).prefix(height))
  }

  /// The platform's line and the first keys for output that is no terminal.
  public mutating func plainLines(keys: Int = 10) -> [String] {
    TerminalTable.plainLines(rows: (platformRow.map { [$0] } ?? []) + rows(keys))
  }

  private func heading(_ row: MetricRow, _ width: Int) -> String {
    let names = windows.map { $0 == row.window ? "[\($0)]" : $0 }.joined(separator: " ")
    let parts = ["Livetally", names, "to \(row.windowEnd)", row.currency].filter { !$0.isEmpty }
    return DisplayWidth.fit(DisplayWidth.harmless(parts.joined(separator: "  ")), to: width)
  }
}

extension String {
  fileprivate var lines: [String] { split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
}
