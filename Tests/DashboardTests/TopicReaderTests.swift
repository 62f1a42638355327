import Foundation
import Kafka
import Logging
import Testing

@testable import Dashboard

@Suite(.serialized, .timeLimit(.minutes(1))) struct TopicReaderTests {
  private let topics = TopicReader.Topics(live: "live", metrics: "metrics", leaderboards: "boards")
  private let logger = Logger(label: "test")

  private func until(_ condition: () -> Bool) async throws {
    for _ in 0..<500 where !condition() { try await Task.sleep(for: .milliseconds(20)) }
  }

  @Test func theBoardHoldsWhatTheTopicsHoldAndGoesOn() async throws {
    let broker = try EmbeddedBroker(logger: logger)
    for topic in ["live", "metrics"] { try broker.createTopic(topic, partitions: 3) }
    try broker.createTopic("boards", partitions: 1)
    let properties = try ClientProperties(["bootstrap.servers": broker.bootstrapServers])
    let producer = try Producer(properties: properties, logger: logger)
    func send(_ topic: String, _ key: String, _ value: [UInt8]) throws {
      try producer.produce(topic: topic, key: key.bytes, value: value)
    }
    // A minute of the platform before anyone read, and the present.
    for second in 0..<60 {
      try send("metrics", "1m||", liveRecord(start: instant(second), end: instant(60 + second), gmv: "\(second).00"))
    }
    try send("live", "1m||", liveRecord(start: instant(60), end: instant(120), gmv: "60.00"))
    try send("live", "1m|host_id|h1", liveRecord(group: ["host_id"], key: ["h1"], gmv: "7.00"))
    try send("boards", "top|1m", #"{"leaderboard":"top","window_end":"2020-06-16T12:00:00.000Z"}"#.bytes)
    try producer.flush(timeoutMilliseconds: 10_000)

    let board = LiveBoard()
    let reader = TopicReader(board: board, topics: topics, properties: properties, logger: logger)
    reader.start()
    defer { reader.stop() }
    try await until { reader.isCaughtUp && board.read { $0.history("1m").count } == 61 }
    #expect(board.read { $0.history("1m").map(\.gmv) } == (0...60).map(Double.init))
    #expect(board.read { $0.platform("1m")?.gmv } == 60)
    #expect(board.leaderboardNames == ["top"])

    try send("live", "1m|host_id|h1", liveRecord(group: ["host_id"], key: ["h1"], gmv: "8.00"))
    try producer.flush(timeoutMilliseconds: 10_000)
    try await until { board.read { $0.entry(key: "1m|host_id|h1".bytes)?.gmv } == 8 }
    #expect(board.read { $0.entry(key: "1m|host_id|h1".bytes)?.gmv } == 8)
    #expect(try #require(board.age) < .seconds(5))
  }

  @Test func recordsFromBeforeTheStartAreAsOldAsTheyAre() throws {
    let board = LiveBoard()
    let hourAgo = Int64(Date().timeIntervalSince1970 * 1000) - 3_600_000
    board.publish(topic: .live, key: "1m||".bytes, value: liveRecord(), timestampMilliseconds: hourAgo)
    #expect((Duration.seconds(3599)..<(.seconds(3610))).contains(try #require(board.age)))
    board.publish(topic: .live, key: "1m||".bytes, value: liveRecord())
    #expect(try #require(board.age) < .seconds(10))
  }
}
