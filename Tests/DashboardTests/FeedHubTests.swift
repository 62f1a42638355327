import Foundation
import Testing

@testable import Dashboard

@Suite(.timeLimit(.minutes(1))) struct FeedHubTests {
  private let board = LiveBoard()
  private let clients = ClientCounter()

  private func hub(_ interval: Duration = .milliseconds(20)) -> FeedHub {
    FeedHub(
      board: board, limits: DashboardLimits(updateInterval: interval, heartbeatInterval: .milliseconds(100)),
      clients: clients)
  }

  private func join(_ hub: FeedHub, _ request: FeedRequest = FeedRequest()) throws -> FeedSubscription {
    hub.subscribe(request, seat: try #require(clients.seat(limit: 100)))
  }

  @Test func clientsOfOneViewGetTheSameBytes() async throws {
    board.show()
    let hub = hub()
    let first = try join(hub)
    let second = try join(hub)
    let other = try join(hub, FeedRequest(by: try #require(MetricName("orders"))))
    _ = (await first.next(), await second.next(), await other.next())
    board.show(gmv: "2.00")
    let bytes = try #require(await first.next())
    let same = try #require(await second.next())
    // Not only equal: the same memory, encoded once.
    #expect(bytes.withUnsafeBytes { $0.baseAddress } == same.withUnsafeBytes { $0.baseAddress })
    #expect(String(decoding: bytes, as: UTF8.self).contains("\"gmv\":2.00"))
    #expect(await other.next() != nil)
    hub.close()
    #expect(await first.next() == nil)
  }

  @Test func aClientThatFallsBehindIsDroppedAndTheOthersGoOn() async throws {
    board.show()
    let hub = hub(.milliseconds(5))
    let slow = try join(hub)
    let quick = try join(hub)
    _ = await quick.next()
    var taken = 0
    // The slow one takes nothing: its line has the snapshot and the first messages, the next one ends it.
    while !slow.isOver, taken < 100 {
      board.show(gmv: "\(taken).00")
      _ = await quick.next()
      taken += 1
    }
    #expect(taken >= FeedSubscription.capacity)
    #expect(await slow.next() == nil)
    #expect(await slow.next() == nil)
    #expect(clients.dropped == 1)
    board.show(gmv: "1000.00")
    #expect(String(decoding: try #require(await quick.next()), as: UTF8.self).contains("1000.00"))
  }

  @Test func aConnectionWithoutNewsGetsASignOfLife() async throws {
    board.show()
    let client = try join(hub())
    _ = await client.next()
    #expect(await client.next() == ServerSentEvent.idle)
  }

  @Test func manyClientsAndManyViewsGetFewerUpdates() {
    let least = Duration.milliseconds(500)
    #expect(FeedHub.pause(least, clients: 100, work: .milliseconds(10)) == least)
    // 200 clients: once a second. A round of 300 ms: a fifth of one core.
    #expect(FeedHub.pause(least, clients: 200, work: .milliseconds(10)) == .seconds(1))
    #expect(FeedHub.pause(least, clients: 1, work: .milliseconds(300)) == .milliseconds(1200))
  }

  @Test func nobodyLookingCostsNothing() async throws {
    board.show()
    let hub = hub(.milliseconds(5))
    do { _ = try join(hub) }
    for _ in 0..<100 where hub.isTicking { try await Task.sleep(for: .milliseconds(20)) }
    #expect(!hub.isTicking)
    #expect(clients.count == 0)
    let client = try join(hub)
    #expect(await client.next() != nil)
    #expect(hub.isTicking)
  }
}
