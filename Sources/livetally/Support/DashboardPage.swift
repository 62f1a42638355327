import Dashboard
import Kafka
import Logging
import Pipeline

/// The page of a configuration: its board, and the reader that fills it from the topics.
struct DashboardPage {
  /// Without news for so many commits the page calls itself stale, but not before the least time.
  private static let staleCommits: Int64 = 5
  private static let leastStaleMilliseconds: Int64 = 5_000

  let board: LiveBoard
  let reader: TopicReader
  private let limits: DashboardLimits
  private let logger: Logger

  /// Throws ``InvalidPropertiesError``.
  init(_ configuration: Configuration, logger: Logger) throws {
    let sessions = configuration.windows.filter { if case .session = $0.kind { true } else { false } }
    board = LiveBoard(sessionWindows: Set(sessions.map(\.name)))
    let topics = configuration.topics
    reader = TopicReader(
      board: board,
      topics: TopicReader.Topics(live: topics.live, metrics: topics.metrics, leaderboards: topics.leaderboards),
      // It joins no group; a name in it would only ask for rights that it does not need.
      properties: try ClientProperties(configuration.kafka.filter { $0.key != "group.id" }), logger: logger)
    let interval = max(configuration.time.commitInterval, configuration.time.emitInterval)
    limits = DashboardLimits(
      staleAfter: .milliseconds(max(Self.leastStaleMilliseconds, Self.staleCommits * interval)))
    self.logger = logger
  }

  /// The server of the page, not yet listening.
  func server(
    _ endpoint: Configuration.Endpoint, metrics: @escaping @Sendable () -> [EngineMetric] = { [] },
    readiness: @escaping @Sendable () -> Readiness, stall: @escaping @Sendable () -> String? = { nil }
  ) -> DashboardServer {
    DashboardServer(
      host: endpoint.host, port: endpoint.port, board: board, limits: limits, logger: logger, metrics: metrics,
      readiness: readiness, stall: stall)
  }
}
