/// The bounds of a ``LiveBoard``. All of them are counts.
public struct BoardLimits: Sendable {
  /// Keys of live records kept, about 1 kB each. Beyond it new keys are dropped and counted; a platform
  /// record is always kept, there are only as many as windows.
  public var maxKeys: Int
  /// Points of each window's trend; 600 is ten minutes of a window that slides by a second.
  public var historyPoints: Int
  /// Leaderboard records kept.
  public var maxLeaderboards: Int

  /// The defaults keep a board below 60 MB.
  public init(maxKeys: Int = 50_000, historyPoints: Int = 600, maxLeaderboards: Int = 1_000) {
    precondition(maxKeys > 0 && historyPoints > 0 && maxLeaderboards > 0)
    self.maxKeys = maxKeys
    self.historyPoints = historyPoints
    self.maxLeaderboards = maxLeaderboards
  }

  /// How far a rolling key's window may stay behind the newest one before its room may be given away. A key
  /// that has an event in its window is published at every slide, so one this old has fallen to zero.
  static let rollingRetentionMilliseconds: Int64 = 2 * 3_600_000
  /// The same for cumulative windows and sessions, whose records rest while nothing changes: a day and a bit,
  /// so that a day of 25 hours is never cut.
  static let startedRetentionMilliseconds: Int64 = 26 * 3_600_000
  /// New keys dropped between two searches for old ones, so that a full board does not search on each record.
  static let dropsBetweenSweeps = 1_000
}
