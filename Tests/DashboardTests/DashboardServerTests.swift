import Foundation
import Testing

@testable import Dashboard

@Suite(.serialized, .timeLimit(.minutes(1))) struct DashboardServerTests {
  private func board() -> LiveBoard {
    let board = LiveBoard()
    board.publish(topic: .live, key: "1m||".bytes, value: liveRecord())
    for (host, gmv) in [("h1", "10.00"), ("h2", "30.00"), ("h3", "20.00")] {
      let value = liveRecord(group: ["host_id"], key: [host], gmv: gmv)
      board.publish(topic: .live, key: "1m|host_id|\(host)".bytes, value: value)
    }
    board.publish(topic: .leaderboards, key: "top_hosts|1m".bytes, value: "{\"leaderboard\":\"top_hosts\"}".bytes)
    return board
  }

  private func withServer(
    _ board: LiveBoard, limits: DashboardLimits = DashboardLimits(), readiness: Readiness = .ready,
    stall: String? = nil, _ body: (DashboardServer, UInt16) async throws -> Void
  ) async throws {
    let metrics = [EngineMetric(name: "lt_up", help: "Up.", type: .gauge, value: .number(1))]
    let server = DashboardServer(
      host: "127.0.0.1", port: 0, board: board, limits: limits, metrics: { metrics }, readiness: { readiness },
      stall: { stall })
    let port = try await server.start()
    try await body(server, port)
    await server.shutdown()
  }

  @Test func servesThePageAndAllItNames() async throws {
    try await withServer(board()) { _, port in
      let page = try HTTPClient.get("/", port: port)
      #expect(page.status == 200)
      #expect(page.head.contains("Content-Security-Policy: default-src 'self'"))
      for file in page.body.matches(of: /(?:src|href)="(\/[^"]+)"/).map({ String($0.1) }) {
        #expect(try HTTPClient.get(file, port: port).status == 200, "\(file)")
      }
      let script = try HTTPClient.get("/app.js", port: port)
      for name in WebAssets().names where name.hasSuffix(".js") {
        for file in try HTTPClient.get(name, port: port).body.matches(of: /from "\.(\/[^"]+)"/).map({ String($0.1) }) {
          #expect(try HTTPClient.get(file, port: port).status == 200, "\(file) of \(name)")
          #expect(page.body.contains("modulepreload\" href=\"\(file)\""), "\(file) is loaded late")
        }
      }
      let tag = try #require(script.head.firstMatch(of: /ETag: ("[^"]+")/)?.1)
      #expect(try HTTPClient.get("/app.js", port: port, headers: ["If-None-Match: \(tag)"]).status == 304)
      let head = try HTTPClient.get("/", port: port, method: "HEAD")
      #expect(head.body.isEmpty)
      #expect(head.head.contains("Content-Length: \(page.body.utf8.count)"))
    }
    #expect(WebAssets().totalBytes < 150_000)
  }

  @Test func findsKeysByAPartOfTheirName() async throws {
    try await withServer(board()) { _, port in
      let found = try HTTPClient.get("/api/v1/search?q=H", port: port).body
      let keys = try object(found.bytes)["results"] as? [[String: String]]
      #expect(keys?.map { $0["key"] } == ["h2", "h3", "h1"])
      #expect(keys?.first == ["group": "host_id", "key": "h2", "value": "h2"])
    }
  }

  @Test func metricsAreServedAsPublished() async throws {
    try await withServer(board()) { _, port in
      let platform = try object(HTTPClient.get("/api/v1/metrics?window=1m", port: port).body.bytes)
      #expect((platform["records"] as? [[String: Any]])?.first?["gmv"] as? Double == 310_000)
      let hosts = try object(HTTPClient.get("/api/v1/metrics?window=1m&group=host_id&limit=2", port: port).body.bytes)
      let keys = (hosts["records"] as? [[String: Any]])?.compactMap { ($0["key"] as? [String: String])?["host_id"] }
      #expect(keys == ["h2", "h3"])
      let one = try HTTPClient.get("/api/v1/metrics?window=1m&group=host_id&key=h1", port: port).body
      #expect(one.bytes == liveRecord(group: ["host_id"], key: ["h1"], gmv: "10.00"))
      #expect(
        try HTTPClient.get("/api/v1/leaderboards/top_hosts", port: port).body == "{\"leaderboard\":\"top_hosts\"}")
      #expect(try HTTPClient.get("/api/v1/leaderboards", port: port).body == "{\"leaderboards\":[\"top_hosts\"]}\n")
    }
  }

  @Test(arguments: [
    ("/api/v1/metrics", 400), ("/api/v1/metrics?window=1m&group=hosts", 400), ("/api/v1/metrics?windw=1m", 400),
    ("/api/v1/metrics?window=1m&window=5m", 400), ("/api/v1/metrics?window=1m&limit=0", 400),
    ("/api/v1/metrics?window=1m&limit=x", 400), ("/api/v1/metrics?window=1m&by=key", 400),
    ("/events?group=nobody", 400), ("/events?window=a%7Cb", 400), ("/events?key=h1", 400), ("/events?by=name", 400),
    ("/api/v1/search", 400), ("/api/v1/search?q=", 400),
    ("/api/v1/metrics?window=7m", 404), ("/api/v1/metrics?window=1m&group=host_id&key=none", 404),
    ("/api/v1/leaderboards/none", 404), ("/nothing", 404), ("/../etc/passwd", 404),
  ])
  func badRequestsGetOneSentence(_ target: String, _ status: Int) async throws {
    try await withServer(board()) { _, port in
      let response = try HTTPClient.get(target, port: port)
      #expect(response.status == status)
      #expect(response.error?.hasSuffix(".") == true, "\(response.body)")
    }
  }

  @Test func healthReadinessAndPrometheus() async throws {
    try await withServer(board(), readiness: .notReady("No partition is assigned.")) { _, port in
      #expect(try HTTPClient.get("/healthz", port: port).status == 200)
      let ready = try HTTPClient.get("/readyz", port: port)
      #expect(ready.status == 503)
      #expect(ready.error == "No partition is assigned.")
      let metrics = try HTTPClient.get("/metrics", port: port)
      #expect(metrics.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
      #expect(metrics.body.contains("# TYPE lt_up gauge\nlt_up 1\n"))
      #expect(metrics.body.contains("livetally_dashboard_keys 4\n"))
      let sample = /[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? \S+/
      var types: Set<Substring> = []
      for line in metrics.body.split(separator: "\n") {
        if line.hasPrefix("# TYPE ") { #expect(types.insert(line).inserted) }
        #expect(line.hasPrefix("# ") || line.wholeMatch(of: sample) != nil, "\(line)")
      }
      #expect(try HTTPClient.get("/", port: port, method: "POST").status == 405)
    }
    try await withServer(LiveBoard(), stall: "thread lane-0 has stood still for 61 s") { _, port in
      let health = try HTTPClient.get("/healthz", port: port)
      #expect(health.status == 503)
      #expect(health.error == "thread lane-0 has stood still for 61 s")
      #expect(try HTTPClient.get("/readyz", port: port).status == 200)
    }
  }

  @Test func liveStreamDeliversAnUpdateWithinASecond() async throws {
    let board = board()
    try await withServer(board) { _, port in
      let client = try HTTPClient(port: port)
      client.send("GET /events?window=1m HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let first = client.read(until: "\n\ndata: ")
      #expect(first.contains("Content-Type: text/event-stream"))
      let snapshot = client.read(until: "}\n\n")
      #expect((first + snapshot).contains("data: {\"age_ms\":"))
      #expect(ids(first + snapshot) == ["h2", "h3", "h1"])

      let start = ContinuousClock.now
      let value = liveRecord(group: ["host_id"], key: ["h1"], gmv: "99.00")
      board.publish(topic: .live, key: "1m|host_id|h1".bytes, value: value)
      #expect(ids(client.read(until: "}\n\n")) == ["h1", "h2", "h3"])
      #expect(ContinuousClock.now - start < .seconds(1))
    }
  }

  /// The names of rows in the order in which they were sent.
  private func ids(_ text: String) -> [String] { text.matches(of: /"id":"([^"]+)"/).map { String($0.1) } }

  @Test func placesForClientsAreLimitedAndGivenBack() async throws {
    let limits = DashboardLimits(maxClients: 1, heartbeatInterval: .milliseconds(100))
    try await withServer(board(), limits: limits) { _, port in
      var first: HTTPClient? = try HTTPClient(port: port)
      first?.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
      _ = first?.read(until: "event: idle")
      #expect(try HTTPClient.get("/events", port: port).status == 503)
      first = nil
      var status = 503
      for _ in 0..<50 where status == 503 {
        try await Task.sleep(for: .milliseconds(50))
        let client = try HTTPClient(port: port)
        client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if client.read(until: "\r\n\r\n").contains("200 OK") { status = 200 }
      }
      #expect(status == 200)
    }
  }

  @Test func aClientThatDoesNotReadIsDropped() async throws {
    let board = board()
    let limits = DashboardLimits(updateInterval: .milliseconds(1), slowClientTimeout: .milliseconds(300))
    try await withServer(board, limits: limits) { server, port in
      let client = try HTTPClient(port: port, receiveBuffer: 4096)
      client.send("GET /events?window=1m HTTP/1.1\r\nHost: localhost\r\n\r\n")
      _ = client.read(until: "data: ")
      // Records of a megabyte fill the socket buffers, which hold a few of them.
      let padding = String(repeating: "x", count: 1 << 20)
      var dropped = false
      var metrics = ""
      for step in 0..<200 where !dropped {
        let record = String(decoding: liveRecord(gmv: "\(step).00").dropLast(), as: UTF8.self)
        let value = record + ",\"pad\":\"\(padding)\"}"
        board.publish(topic: .live, key: "1m||".bytes, value: value.bytes)
        try await Task.sleep(for: .milliseconds(20))
        metrics = try HTTPClient.get("/metrics", port: port).body
        dropped =
          metrics.contains("livetally_dashboard_slow_clients_total 1\n")
          && metrics.contains("livetally_dashboard_clients 0\n")
      }
      #expect(dropped, "\(metrics)")
    }
  }

  @Test func shutdownEndsOpenStreamsSoon() async throws {
    let board = board()
    let server = DashboardServer(host: "127.0.0.1", port: 0, board: board)
    let port = try await server.start()
    let run = Task { try await server.run() }
    let client = try HTTPClient(port: port)
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    _ = client.read(until: "data: ")
    let idle = try HTTPClient(port: port)
    idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    _ = idle.read(until: "ok")
    let start = ContinuousClock.now
    run.cancel()
    try await run.value
    #expect(ContinuousClock.now - start < .seconds(2))
    #expect(client.read(seconds: 1).hasSuffix("0\r\n\r\n"))
    #expect(throws: HTTPClient.Failure.self) { try HTTPClient(port: port) }
  }

  @Test func aPortInUseIsNamed() async throws {
    try await withServer(LiveBoard()) { _, port in
      let second = DashboardServer(host: "127.0.0.1", port: port, board: LiveBoard())
      await #expect(throws: DashboardError.portInUse(host: "127.0.0.1", port: port)) { try await second.start() }
      let text = "\(DashboardError.portInUse(host: "127.0.0.1", port: 80))"
      #expect(text.hasSuffix("choose another port in http.listen."))
    }
    let bad = DashboardServer(host: "dashboard.example", port: 0, board: LiveBoard())
    await #expect(throws: DashboardError.badHost("dashboard.example")) { try await bad.start() }
  }

  @Test func listensOnIPv6WhereTheSystemHasIt() async throws {
    let server = DashboardServer(host: "::1", port: 0, board: LiveBoard())
    do {
      #expect(try await server.start() > 0)
    } catch DashboardError.cannotListen {
      // A container without IPv6.
    }
    await server.shutdown()
  }
}
