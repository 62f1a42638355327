import FlyingSocks

/// The body of a live-stream response: server-sent events, as the client's subscription gives them.
struct EventStream: AsyncBufferedSequence {
  typealias Element = UInt8

  let hub: FeedHub
  let request: FeedRequest
  let seat: ClientCounter.Seat

  func makeAsyncIterator() -> Iterator { Iterator(subscription: hub.subscribe(request, seat: seat)) }

  struct Iterator: AsyncBufferedIteratorProtocol {
    let subscription: FeedSubscription
    private var hasBegun = false

    init(subscription: FeedSubscription) { self.subscription = subscription }

    mutating func next() async throws -> UInt8? { preconditionFailure("the body is read by buffers") }

    /// The next event; nil ends the response.
    mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
      if hasBegun { return await subscription.next() }
      hasBegun = true
      return ServerSentEvent.opening
    }
  }
}
