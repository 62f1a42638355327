/// A window over event time and the groups that are computed in it.
public struct WindowDefinition: Hashable, Sendable {
  /// How events are assigned to windows. All times are milliseconds.
  public enum Kind: Hashable, Sendable {
    /// Windows of `size`, one every `slide`, aligned to the epoch; tumbling when the two are equal.
    case sliding(size: Int64, slide: Int64)
    /// The local calendar day of `timeZone` (an IANA name), a growing total published every `step`.
    case cumulative(step: Int64, timeZone: String)
    /// Per key, from its first event until none came for `gap`.
    case session(gap: Int64)
  }

  /// The name in records, e.g. `1m`; unique.
  public var name: String
  public var kind: Kind
  /// The groups computed in this window; `nil` means all of the plan's groups.
  public var groups: [Grouping]?

  public init(name: String, kind: Kind, groups: [Grouping]? = nil) {
    self.name = name
    self.kind = kind
    self.groups = groups
  }
}

/// The first `size` keys of a group by a field, in a window.
public struct LeaderboardDefinition: Hashable, Sendable {
  /// The name in records; unique.
  public var name: String
  /// The ``WindowDefinition/name`` of the window; not a session window, whose windows differ by key.
  public var window: String
  public var group: Grouping
  public var by: MetricField
  /// How many entries are listed, at least 1.
  public var size: Int

  public init(name: String, window: String, group: Grouping, by: MetricField, size: Int) {
    self.name = name
    self.window = window
    self.group = group
    self.by = by
    self.size = size
  }
}
