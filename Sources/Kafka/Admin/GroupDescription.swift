/// What a cluster says about a consumer group.
public struct GroupDescription: Sendable, Equatable {
  /// A consumer that is in the group.
  public struct Member: Sendable, Equatable {
    /// Its `client.id`.
    public var clientID: String
    /// The address from which it is connected, as the broker sees it.
    public var host: String

    /// Names a member.
    public init(clientID: String, host: String) {
      self.clientID = clientID
      self.host = host
    }
  }

  /// The group's name.
  public var name: String
  /// Its state in Kafka's words, such as `Empty` or `Stable`.
  public var state: String
  /// Its members; some brokers do not list them.
  public var members: [Member]

  /// Describes a group.
  public init(name: String, state: String, members: [Member]) {
    self.name = name
    self.state = state
    self.members = members
  }

  /// Whether there are members, also where the broker does not list them: only a group that is `Empty`, or `Dead`, as
  /// one that does not exist, has none for sure.
  public var hasMembers: Bool { !members.isEmpty || !["Empty", "Dead"].contains(state) }
}
