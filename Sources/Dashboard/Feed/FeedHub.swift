import Synchronization

/// All channels, and the one task that keeps them up to date while anyone looks.
final class FeedHub: Sendable {
  /// The share of one core that updates may take: with many different views the time between them grows.
  private static let restPerWork = 4
  /// The least time between updates for each client: writing one takes about 0.15 ms of CPU time, so all of them
  /// together take 3 % of one core, and up to 100 clients still get two updates a second.
  private static let pausePerClient = Duration.milliseconds(5)

  private struct State {
    var channels: [FeedRequest: FeedChannel] = [:]
    var isTicking = false
    var isClosed = false
  }

  private let board: LiveBoard
  private let limits: DashboardLimits
  private let clients: ClientCounter
  private let state = Mutex(State())

  init(board: LiveBoard, limits: DashboardLimits, clients: ClientCounter) {
    self.board = board
    self.limits = limits
    self.clients = clients
  }

  /// Whether updates are made, which is while anyone looks.
  var isTicking: Bool { state.withLock(\.isTicking) }

  /// Adds a client. Its stream goes on until the subscription is let go of, falls behind or the hub closes.
  func subscribe(_ request: FeedRequest, seat: ClientCounter.Seat) -> FeedSubscription {
    let subscription = FeedSubscription(clients: clients, seat: seat)
    let channel = state.withLock { state -> FeedChannel? in
      guard !state.isClosed else { return nil }
      let known = state.channels[request] ?? FeedChannel(request, board: board, limits: limits)
      state.channels[request] = known
      return known
    }
    guard let channel else {
      subscription.finish()
      return subscription
    }
    channel.add(subscription)
    let mustStart = state.withLock { state -> Bool? in
      // It may have been taken for one that nobody watches in between, and put back or replaced by another client.
      if state.isClosed || state.channels[request].map({ $0 !== channel }) ?? false { return nil }
      state.channels[request] = channel
      defer { state.isTicking = true }
      return !state.isTicking
    }
    guard let mustStart else {
      // The client comes again.
      subscription.finish()
      return subscription
    }
    if mustStart { Task { await run() } }
    return subscription
  }

  /// Ends all streams, now and later.
  func close() {
    let channels = state.withLock { state -> [FeedChannel] in
      state.isClosed = true
      return Array(state.channels.values)
    }
    for channel in channels { channel.close() }
  }

  private func run() async {
    var pause = limits.updateInterval
    while true {
      try? await Task.sleep(for: pause)
      let channels = state.withLock { state -> [FeedChannel]? in
        state.channels = state.channels.filter { $0.value.isWatched }
        state.isTicking = !state.channels.isEmpty && !state.isClosed
        return state.isTicking ? Array(state.channels.values) : nil
      }
      guard let channels else { return }
      let began = ContinuousClock.now
      for channel in channels { channel.tick() }
      pause = Self.pause(limits.updateInterval, clients: clients.count, work: .now - began)
    }
  }

  /// The time from the end of one round of updates, which took `work`, to the next.
  static func pause(_ least: Duration, clients: Int, work: Duration) -> Duration {
    max(least, pausePerClient * clients, work * restPerWork)
  }
}
