import LiveEvents

/// What the engine computes, with every name resolved: made once from validated definitions.
public struct EnginePlan: Sendable {
  /// A group and what every record of it repeats.
  struct Group: Sendable {
    let grouping: Grouping
    /// For each field, its position among the ``EnginePlan/leafFields``.
    let leafPositions: [Int]
    /// A hash of the fields' names: the group's part in ``KeyText/hash(_:group:)``.
    let hash: UInt64
    /// Whether all keys share one shard because a leaderboard ranks them.
    let isRanked: Bool
    /// The windows it is computed in, positions in ``EnginePlan/windows``.
    let windows: [Int]
  }

  struct Window: Sendable {
    let name: String
    let kind: WindowDefinition.Kind
    /// Positions in ``EnginePlan/groups``.
    let groups: [Int]
  }

  struct Leaderboard: Sendable {
    let definition: LeaderboardDefinition
    let window: Int
    let group: Int
  }

  /// More groups than this would make a record's fan-out a mistake rather than a wish.
  public static let maxGroups = 32

  public let time: TimePolicy
  /// The ISO 4217 code of every amount that is published.
  public let currency: String
  /// How many decimals an amount has.
  public let minorDigits: Int
  /// How many keys a group may have in a pane of a source partition before further ones share the overflow key.
  public let maxKeys: Int
  let groups: [Group]
  let windows: [Window]
  let leaderboards: [Leaderboard]
  /// The fields of any group: together they make the finest key.
  let leafFields: [GroupField]
  /// A hash of what gives state its meaning: two plans with the same one can go on with each other's, others must not.
  public let stateID: UInt64

  /// Compiles validated definitions; `groups` apply to windows that list none of their own.
  ///
  /// `stateDescription` is a text that is the same for plans which can go on with each other's state.
  public init(
    time: TimePolicy, windows: [WindowDefinition], groups: [Grouping], leaderboards: [LeaderboardDefinition] = [],
    currency: CurrencyCode, maxKeys: Int = 1_000_000, stateDescription: String = ""
  ) {
    var groupings: [Grouping] = []
    for grouping in windows.flatMap({ $0.groups ?? groups }) where !groupings.contains(grouping) {
      groupings.append(grouping)
    }
    precondition(!groupings.isEmpty, "nothing to compute")
    precondition(groupings.count <= Self.maxGroups, "more than \(Self.maxGroups) groups")
    let leafFields = GroupField.allCases.filter { field in groupings.contains { $0.fields.contains(field) } }
    self.time = time
    self.currency = currency.text
    self.minorDigits = currency.minorDigits
    self.maxKeys = maxKeys
    self.leafFields = leafFields
    self.windows = windows.map { window in
      Window(
        name: window.name, kind: window.kind,
        groups: (window.groups ?? groups).map { groupings.firstIndex(of: $0)! })
    }
    self.leaderboards = leaderboards.map { board in
      guard let window = windows.firstIndex(where: { $0.name == board.window }),
        let group = groupings.firstIndex(of: board.group)
      else { preconditionFailure("leaderboard \(board.name) ranks a group that is not computed in its window") }
      return Leaderboard(definition: board, window: window, group: group)
    }
    stateID = stateDescription.withBytes(IdentifierHash.hash)
    let compiledWindows = self.windows
    self.groups = groupings.enumerated().map { index, grouping in
      Group(
        grouping: grouping,
        leafPositions: grouping.fields.map { leafFields.firstIndex(of: $0)! },
        hash: grouping.fields.reduce(0x9E37_79B9_7F4A_7C15) { hash, field in
          KeyText.mix(hash, field.name.withBytes(IdentifierHash.hash))
        },
        isRanked: leaderboards.contains { $0.group == grouping },
        windows: compiledWindows.indices.filter { compiledWindows[$0].groups.contains(index) })
    }
  }

  /// The identifiers whose hash the engine needs: hand this to the decoder.
  public var hashedIdentifiers: Set<IdentifierField> {
    Set(leafFields.compactMap(\.identifier)).union([.eventID, .buyerID, .viewerID])
  }

  /// The start of the pane that contains `timestamp`, divided by the pane's length.
  @inline(__always) func pane(of timestamp: Int64) -> Int64 { floorDivide(timestamp, time.pane) }
}

extension String {
  /// Calls `body` with the UTF-8 bytes.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var copy = self
    return copy.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }
}
