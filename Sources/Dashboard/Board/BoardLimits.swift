/// The bounds of a ``LiveBoard``. All of them are counts.
public struct BoardLimits: Sendable {
  /// Keys of live records kept, about 1.2 kB each. Beyond it new keys are dropped and counted; a platform record is
  /// always kept, there are only as many as windows. Groups of several fields get half of it at most, so that they
  /// never crowd out hosts, broadcasts and products.
  public var maxKeys: Int
  /// Points of each window's trend; 600 is ten minutes of a window that slides by a second.
  public var historyPoints: Int
  /// Leaderboard records kept.
  public var maxLeaderboards: Int

  /// The defaults keep a board below 300 MB; 10 000 broadcasts at a time fill half of it.
  public init(maxKeys: Int = 200_000, historyPoints: Int = 600, maxLeaderboards: Int = 1_000) {
    precondition(maxKeys > 1 && historyPoints > 0 && maxLeaderboards > 0)
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
  /// Points of a key's trend since its first record, 16 bytes each: wide enough for a chart on a phone.
  static let trendPoints = 120
  /// Their distance to begin with: 20 minutes until it doubles.
  static let trendStepMilliseconds: Int64 = 10_000
  /// Points of the day's curve, and their distance to begin with: two minutes at the end of a day.
  static let curvePoints = 720
  static let curveStepMilliseconds: Int64 = 10_000
}
