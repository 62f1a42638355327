import Foundation

@testable import Dashboard

/// A client's way through the messages of a view, without a server.
struct FeedClient {
  let board: LiveBoard
  let request: FeedRequest
  var messages: FeedMessages
  private var seen: UInt64?

  init(_ board: LiveBoard, _ request: FeedRequest = FeedRequest()) {
    self.board = board
    self.request = request
    messages = FeedMessages(by: request.by, staleAfterMilliseconds: 5_000)
  }

  /// The next message; nil where nothing has changed.
  mutating func next() -> [UInt8]? {
    let seen = seen
    let request = request
    guard let view = board.read({ $0.version == seen ? nil : $0.view(request) }) else { return nil }
    self.seen = view.version
    return messages.next(view, ageMilliseconds: 0)
  }
}

/// What a browser knows after some messages: the rules of feed.js, written again.
struct FeedState: Equatable {
  var frame: String?
  var records: [String: String] = [:]
  var tables: [String: String] = [:]
  var courses: [String: Course] = [:]

  struct Course: Equatable {
    var window = ""
    var base = 0
    var points: [[Double]] = []
  }

  mutating func merge(_ message: [UInt8]) throws {
    let message = try object(message)
    if let news = message["frame"] { frame = text(news) }
    merge(message["records"], into: &records)
    merge(message["tables"], into: &tables)
    for name in ["trend", "curve"] {
      guard let news = message[name] as? [String: Any], let window = news["window"] as? String,
        let base = news["base"] as? Int, let from = news["from"] as? Int, let limit = news["limit"] as? Int,
        let points = news["points"] as? [[Double]]
      else { continue }
      var course = courses[name] ?? Course()
      if course.window != window || from <= course.base { course = Course(window: window, base: base) }
      course.points = Array(course.points.prefix(from - course.base)) + points
      let surplus = max(0, course.points.count - limit)
      course.points.removeFirst(surplus)
      course.base += surplus
      courses[name] = course
    }
  }

  private func merge(_ news: Any?, into known: inout [String: String]) {
    for (name, value) in news as? [String: Any] ?? [:] { known[name] = value is NSNull ? nil : text(value) }
  }

  private func text(_ value: Any) -> String {
    let bytes = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
    return String(decoding: bytes ?? Data(), as: UTF8.self)
  }
}

extension LiveBoard {
  /// Publishes a record of the given key.
  func show(
    _ window: String = "1m", _ group: [String] = [], _ key: [String] = [], start: String = "2020-06-16T12:00:00.000Z",
    end: String = "2020-06-16T12:01:00.000Z", gmv: String = "1.00", orders: Int = 1, online: Int = 1,
    hasStart: Bool = false
  ) {
    let value = liveRecord(
      window: window, start: start, end: end, group: group, key: key, gmv: gmv, orders: orders, online: online)
    let name = "\(window)|\(group.joined(separator: "+"))|\(key.joined(separator: "/"))" + (hasStart ? "|\(start)" : "")
    publish(topic: .live, key: name.bytes, value: value)
  }
}

/// An instant of 2020-06-16 in the form of records.
func instant(_ seconds: Int) -> String {
  String(format: "2020-06-16T%02d:%02d:%02d.000Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
