/// What `livetally watch` shows: the newest records, and which of them are chosen by window, group, order and filter.
///
/// ```swift
/// var model = WatchModel()
/// model.accept(key: record.key, value: record.value)
/// if model.press(.right) == .quit { ... }
/// print(model.frame(width: 80, height: 24), terminator: "")
/// ```
public struct WatchModel: Sendable {
  /// What a key asks of the program.
  public enum Request: Sendable { case nothing, quit, redraw }

  /// The longest filter, characters: longer than an identifier makes no sense.
  static let maxFilterLength = 128
  /// The groups to choose from first where none is selected.
  private static let preferredGroups = ["host_id", "session_id", "product_id", "channel"]

  /// The window to show; nil for the shortest there is.
  public var window: String?
  /// The fields of the group to show under the platform's line; nil for one that has records, hosts first.
  public var group: [String]?
  /// By which column rows are sorted.
  public var order = RowOrder(.gmv)
  /// Rows are shown whose name holds this text, in whatever case; empty for all.
  public var filter = ""
  /// A line about what is wrong or worth knowing.
  public var notice = ""
  /// The columns.
  public var columns = MetricRow.Column.allCases
  /// Whether keys go into the filter.
  private(set) var isTyping = false
  /// Rows that have been scrolled out at the top.
  private(set) var firstRow = 0
  /// Rows that the last screen had room for.
  private var page = 1
  private var state: BoardState
  private var ranked = RankedRows()

  /// A model without records.
  public init(window: String? = nil, group: [String]? = nil, limits: BoardLimits = BoardLimits()) {
    self.window = window
    self.group = group
    state = BoardState(limits: limits)
  }

  /// Takes one record of `livetally.live`; a nil value is a tombstone.
  public mutating func accept(key: [UInt8], value: [UInt8]?) { state.apply(key: key, value: value) }

  // MARK: What is shown

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

  /// How many rows the shown group has, and how many of them the filter lets through, at the last look.
  var rowCounts: (matching: Int, total: Int) { (ranked.matching, ranked.total) }

  /// `count` rows of the shown group from the first that is not scrolled out.
  mutating func rows(_ count: Int) -> [MetricRow] {
    guard let window = shownWindow, let group = shownGroup, !group.isEmpty, count > 0 else { return [] }
    let section = state.section(window: window, group: group.joined(separator: "+"))
    let first = firstRow
    let rows = ranked.rows(of: section, in: first..<first + count, order: order, filter: filter)
    page = count
    guard rows.isEmpty, first > 0 else { return rows }
    // The filter or time has left fewer rows than were scrolled over.
    firstRow = max(0, ranked.matching - count)
    return ranked.rows(of: section, in: firstRow..<firstRow + count, order: order, filter: filter)
  }

  /// The platform's line and the first keys for output that is no terminal.
  public mutating func plainLines(keys: Int = 10) -> [String] {
    TerminalTable.plainLines(rows: (platformRow.map { [$0] } ?? []) + rows(keys))
  }

  // MARK: Keys

  /// Does what a key means.
  public mutating func press(_ key: KeyStroke) -> Request {
    if isTyping { return type(key) }
    switch key {
    case .character("q"), .character("Q"): return .quit
    case .character("/"): isTyping = true
    case .escape:
      filter = ""
      firstRow = 0
    case .character("w"), .tab: chooseWindow(1)
    case .character("W"): chooseWindow(-1)
    case .character("g"): chooseGroup(1)
    case .character("G"): chooseGroup(-1)
    case .right, .character(">"): chooseColumn(1)
    case .left, .character("<"): chooseColumn(-1)
    case .character("r"), .character("R"): order.isDescending.toggle()
    case .down, .character("j"): scroll(1)
    case .up, .character("k"): scroll(-1)
    case .pageDown, .character(" "): scroll(page)
    case .pageUp: scroll(-page)
    case .home: firstRow = 0
    case .end: scroll(ranked.matching)
    case .redraw: return .redraw
    default: break
    }
    return .nothing
  }

  private mutating func type(_ key: KeyStroke) -> Request {
    firstRow = 0
    switch key {
    case .character(let character): if filter.count < Self.maxFilterLength { filter.append(character) }
    case .backspace: if filter.isEmpty { isTyping = false } else { filter.removeLast() }
    case .eraseLine: filter = ""
    case .enter: isTyping = false
    case .escape:
      filter = ""
      isTyping = false
    case .redraw: return .redraw
    default: break
    }
    return .nothing
  }

  private mutating func scroll(_ rows: Int) {
    firstRow = max(0, min(firstRow + rows, max(0, ranked.matching - page)))
  }

  private mutating func chooseWindow(_ step: Int) {
    guard let next = Self.neighbour(of: shownWindow, in: windows, step) else { return }
    window = next
    firstRow = 0
  }

  private mutating func chooseGroup(_ step: Int) {
    guard let next = Self.neighbour(of: shownGroup, in: groups, step) else { return }
    group = next
    firstRow = 0
  }

  private mutating func chooseColumn(_ step: Int) {
    guard let next = Self.neighbour(of: order.column, in: columns, step) else { return }
    order = RowOrder(next)
    firstRow = 0
  }

  private static func neighbour<Choice: Equatable>(of one: Choice?, in all: [Choice], _ step: Int) -> Choice? {
    guard !all.isEmpty else { return nil }
    guard let at = one.flatMap(all.firstIndex(of:)) else { return all[0] }
    return all[(at + step + all.count) % all.count]
  }
}
