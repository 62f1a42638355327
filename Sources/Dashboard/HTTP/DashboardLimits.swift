/// The bounds of a ``DashboardServer``.
public struct DashboardLimits: Sendable {
  /// Live-stream clients at a time; further ones get status 503.
  public var maxClients: Int
  /// The shortest time between two updates to a client.
  public var updateInterval: Duration
  /// A client that takes no byte for this long is dropped.
  public var slowClientTimeout: Duration
  /// A connection without a request is closed after this long.
  public var idleTimeout: Duration
  /// Without news a client gets a sign of life this often; it also shows who is gone.
  public var heartbeatInterval: Duration
  /// Without news for this long the page says that it is stale.
  public var staleAfter: Duration

  /// The defaults suit a wall of screens and the phones of a company.
  public init(
    maxClients: Int = 500, updateInterval: Duration = .milliseconds(500), slowClientTimeout: Duration = .seconds(5),
    idleTimeout: Duration = .seconds(60), heartbeatInterval: Duration = .seconds(2),
    staleAfter: Duration = .seconds(5)
  ) {
    precondition(maxClients > 0 && updateInterval > .zero)
    self.maxClients = maxClients
    self.updateInterval = updateInterval
    self.slowClientTimeout = slowClientTimeout
    self.idleTimeout = idleTimeout
    self.heartbeatInterval = heartbeatInterval
    self.staleAfter = staleAfter
  }
}
