import FlyingSocks

/// The body of a live-stream response: server-sent events (WHATWG HTML, section 9.2) made when the client takes them.
///
/// Nothing queues up: an update is encoded from the board's newest state at the moment the one before is on its way.
struct EventStream: AsyncBufferedSequence {
  typealias Element = UInt8

  let board: LiveBoard
  let request: FeedRequest
  let limits: DashboardLimits
  let clients: ClientCounter
  let seat: ClientCounter.Seat
  let isClosing: @Sendable () -> Bool

  func makeAsyncIterator() -> Iterator {
    Iterator(stream: self, feed: BoardFeed(board: board, request: request))
  }

  struct Iterator: AsyncBufferedIteratorProtocol {
    /// How often a waiting stream looks whether the server closes.
    private static let closingCheck = Duration.milliseconds(250)

    let stream: EventStream
    var feed: BoardFeed
    private var lastHandedOut: ContinuousClock.Instant?

    init(stream: EventStream, feed: BoardFeed) {
      self.stream = stream
      self.feed = feed
    }

    mutating func next() async throws -> UInt8? { preconditionFailure("the body is read by buffers") }

    /// The next event; nil ends the response.
    mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
      guard let handedOut = lastHandedOut else {
        return handOut(Self.opening + (feed.next().map(Self.event) ?? []))
      }
      // This call comes when the socket has taken the last event.
      if ContinuousClock.now - handedOut > stream.limits.slowClientTimeout {
        stream.clients.countDropped()
        return nil
      }
      var due = handedOut + stream.limits.updateInterval
      while true {
        try await Task.sleep(until: due, clock: .continuous)
        if stream.isClosing() { return nil }
        if let message = feed.next() { return handOut(Self.event(message)) }
        let now = ContinuousClock.now
        if now - handedOut >= stream.limits.heartbeatInterval { return handOut(Array("event: idle\ndata:\n\n".utf8)) }
        due = now + Swift.min(stream.limits.updateInterval, Self.closingCheck)
      }
    }

    private mutating func handOut(_ bytes: [UInt8]) -> [UInt8] {
      lastHandedOut = .now
      return bytes
    }

    /// A client that loses the connection tries again after a second.
    private static let opening = Array("retry: 1000\n\n".utf8)

    private static func event(_ json: [UInt8]) -> [UInt8] {
      var bytes = Array("data: ".utf8)
      // Line ends separate fields here and mean nothing in JSON.
      bytes.append(contentsOf: json.lazy.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
      bytes.append(contentsOf: [0x0A, 0x0A])
      return bytes
    }
  }
}
