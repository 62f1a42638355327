import Foundation
import Synchronization

/// The clients that want the same view. A change is encoded once, and all of them get the same bytes.
final class FeedChannel: Sendable {
  private struct State {
    var messages: FeedMessages
    var seenVersion: UInt64?
    var lastSent = ContinuousClock.now
    var subscriptions: [Place] = []
  }

  /// A connection owns its subscription and leaves by letting go of it.
  private struct Place {
    weak var subscription: FeedSubscription?
  }

  private let request: FeedRequest
  private let board: LiveBoard
  private let heartbeatInterval: Duration
  private let state: Mutex<State>

  init(_ request: FeedRequest, board: LiveBoard, limits: DashboardLimits) {
    self.request = request
    self.board = board
    heartbeatInterval = limits.heartbeatInterval
    state = Mutex(
      State(messages: FeedMessages(by: request.by, staleAfterMilliseconds: limits.staleAfter.milliseconds)))
  }

  /// Whether anyone looks.
  var isWatched: Bool { state.withLock { $0.subscriptions.contains { $0.subscription != nil } } }

  /// Adds a client; its first message is the present state.
  func add(_ subscription: FeedSubscription) {
    state.withLock { state in
      if let message = news(&state) { Self.offer(message, &state) }
      subscription.offer(ServerSentEvent.message(state.messages.snapshot(ageMilliseconds: ageMilliseconds)))
      state.subscriptions.append(Place(subscription: subscription))
    }
  }

  /// Tells every client what has changed, or after a while without news that the connection lives.
  func tick() {
    state.withLock { state in
      state.subscriptions.removeAll { $0.subscription == nil }
      guard !state.subscriptions.isEmpty else { return }
      if let message = news(&state) {
        Self.offer(message, &state)
      } else if .now - state.lastSent >= heartbeatInterval {
        Self.offer(ServerSentEvent.idle, &state)
      }
    }
  }

  /// Ends the stream of every client.
  func close() {
    state.withLock { state in
      for place in state.subscriptions { place.subscription?.finish() }
      state.subscriptions = []
    }
  }

  private func news(_ state: inout State) -> [UInt8]? {
    let seen = state.seenVersion
    let request = request
    guard let view = board.read({ $0.version == seen ? nil : $0.view(request) }) else { return nil }
    state.seenVersion = view.version
    return state.messages.next(view, ageMilliseconds: ageMilliseconds).map(ServerSentEvent.message)
  }

  private static func offer(_ message: [UInt8], _ state: inout State) {
    state.lastSent = .now
    for place in state.subscriptions { place.subscription?.offer(message) }
  }

  private var ageMilliseconds: Int64 { board.age?.milliseconds ?? 0 }
}

extension Duration {
  var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}

/// The frame of a message on the wire (WHATWG HTML, section 9.2).
enum ServerSentEvent {
  /// A client that loses the connection tries again after a second.
  static let opening = Array("retry: 1000\n\n".utf8)
  static let idle = Array("event: idle\ndata:\n\n".utf8)

  static func message(_ json: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(json.count + 8)
    bytes.append(contentsOf: "data: ".utf8)
    bytes.append(contentsOf: json)
    // Line ends separate fields here and mean nothing in JSON. Records have none, unless another program wrote them.
    for lineEnd: UInt8 in [0x0A, 0x0D] where contains(bytes, lineEnd) {
      for index in bytes.indices where bytes[index] == lineEnd { bytes[index] = 0x20 }
    }
    bytes.append(contentsOf: [0x0A, 0x0A])
    return bytes
  }

  private static func contains(_ bytes: [UInt8], _ byte: UInt8) -> Bool {
    bytes.withUnsafeBytes { memchr($0.baseAddress!, Int32(byte), $0.count) != nil }
  }
}
