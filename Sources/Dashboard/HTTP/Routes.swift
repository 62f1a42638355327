import FlyingFox
import Foundation

/// Which request goes where.
struct Routes: HTTPHandler {
  let board: LiveBoard
  let limits: DashboardLimits
  let clients: ClientCounter
  let hub: FeedHub
  let metrics: @Sendable () -> [EngineMetric]
  let readiness: @Sendable () -> Readiness
  let stall: @Sendable () -> String?
  let assets = WebAssets()

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard request.method == .GET || request.method == .HEAD else {
      var response = Responses.error(.methodNotAllowed, "The dashboard only answers GET and HEAD.")
      response.headers[HTTPHeader("Allow")] = "GET, HEAD"
      return response
    }
    do throws(RequestProblem) {
      let response = try answer(request)
      return request.method == .HEAD ? Self.withoutBody(response) : response
    } catch {
      return Responses.error(error.status, error.message)
    }
  }

  private func answer(_ request: HTTPRequest) throws(RequestProblem) -> HTTPResponse {
    let api = MetricsEndpoint(board: board)
    switch request.path {
    case "/events": return try events(request)
    case "/api/v1/metrics": return try api.metrics(request)
    case "/api/v1/leaderboards": return try api.leaderboards(request)
    case "/api/v1/search": return try api.search(request)
    case "/healthz": return healthy()
    case "/readyz": return ready()
    case "/metrics":
      let all = metrics() + PlatformMetrics.list(board) + DashboardMetrics.list(board, clients) + ProcessMetrics.list()
      return Responses.text(PrometheusText.render(all), type: PrometheusText.contentType)
    default: break
    }
    if let page = assets.response(to: request) { return page }
    let prefix = "/api/v1/leaderboards/"
    if request.path.hasPrefix(prefix), let name = String(request.path.dropFirst(prefix.count)).removingPercentEncoding {
      return try api.leaderboard(name, request)
    }
    throw .notFound("There is nothing at \(request.path.prefix(200)).")
  }

  private func events(_ request: HTTPRequest) throws(RequestProblem) -> HTTPResponse {
    let query = try QueryParameters(request, allowed: ["window", "group", "key", "by"])
    var wish = FeedRequest(window: try query.window(), by: try query.metric())
    if let group = try query.group(), !group.isEmpty {
      wish.subject = query["key"].map { .key(group: group, id: $0) } ?? .list(group: group)
    } else if query["key"] != nil {
      throw .badQuery("The parameter \"key\" needs the parameter \"group\".")
    }
    guard request.method == .GET else { return HTTPResponse(statusCode: .ok, headers: Self.eventHeaders) }
    guard let seat = clients.seat(limit: limits.maxClients) else {
      throw RequestProblem(
        status: .serviceUnavailable, message: "All \(limits.maxClients) places for live clients are taken.")
    }
    let stream = EventStream(hub: hub, request: wish, seat: seat)
    return HTTPResponse(statusCode: .ok, headers: Self.eventHeaders, body: HTTPBodySequence(from: stream))
  }

  private static var eventHeaders: HTTPHeaders {
    var headers = Responses.headers(type: "text/event-stream; charset=utf-8")
    // Asks nginx, which buffers responses otherwise, to pass events on at once.
    headers[HTTPHeader("X-Accel-Buffering")] = "no"
    return headers
  }

  private func healthy() -> HTTPResponse {
    stall().map { Responses.error(.serviceUnavailable, $0) } ?? Responses.text("ok\n")
  }

  private func ready() -> HTTPResponse {
    switch readiness() {
    case .ready: Responses.text("ready\n")
    case .notReady(let reason): Responses.error(.serviceUnavailable, reason)
    }
  }

  /// A response to HEAD has the headers of the one to GET.
  private static func withoutBody(_ response: HTTPResponse) -> HTTPResponse {
    var headers = response.headers
    if case .httpBody(let body) = response.payload, let count = body.count { headers[.contentLength] = String(count) }
    return HTTPResponse(statusCode: response.statusCode, headers: headers)
  }
}
