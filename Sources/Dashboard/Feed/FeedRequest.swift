/// What one client of the live stream wants to see.
struct FeedRequest: Sendable, Equatable {
  /// The most tables of one client.
  static let maxGroups = 8
  /// Rows of a table.
  static let rowsPerTable = 50

  /// The window's name; nil for the shortest there is.
  var window: String?
  /// Groups as in Kafka keys, `host_id`.
  var groups: [String] = []
}

/// What the board holds for a request at one instant; references only, so that copying it is cheap.
struct FeedView: Sendable {
  struct Table: Sendable {
    var group: String
    var rows: [BoardSection.Entry]
  }

  var version: UInt64
  var window: WindowInfo?
  var windows: [WindowInfo]
  var groups: [String]
  var platform: [(window: String, entry: BoardSection.Entry)]
  var tables: [Table]
  var history: [TrendHistory.Point]
}

extension BoardState {
  /// - Parameter withHistory: The trend is sent once; later points follow from the platform record.
  mutating func view(_ request: FeedRequest, withHistory: Bool) -> FeedView {
    let windows = windowInfos
    let window = request.window.flatMap { name in windows.first { $0.name == name } } ?? windows.first
    var view = FeedView(
      version: version, window: window, windows: windows, groups: [], platform: [], tables: [], history: [])
    guard let window else { return view }
    view.groups = groups(in: window.name)
    view.platform = windows.compactMap { info in platform(info.name).map { (info.name, $0) } }
    for group in request.groups {
      let rows = top(FeedRequest.rowsPerTable, window: window.name, group: group).filter { $0.gmv != 0 }
      view.tables.append(FeedView.Table(group: group, rows: rows))
    }
    if withHistory { view.history = Array(history(window.name)) }
    return view
  }
}
