import FlyingFox
import Foundation

/// Responses as all endpoints give them.
enum Responses {
  static func json(_ bytes: [UInt8], status: HTTPStatusCode = .ok) -> HTTPResponse {
    response(status, type: "application/json; charset=utf-8", body: bytes)
  }

  /// `{"error": message}`; the message is one sentence.
  static func error(_ status: HTTPStatusCode, _ message: String) -> HTTPResponse {
    var json = JSONText()
    json.raw("{\"error\":")
    json.string(message)
    json.raw("}\n")
    return self.json(json.bytes, status: status)
  }

  static func text(_ text: String, status: HTTPStatusCode = .ok, type: String = "text/plain; charset=utf-8")
    -> HTTPResponse
  {
    response(status, type: type, body: Array(text.utf8))
  }

  static func response(_ status: HTTPStatusCode, type: String, body: [UInt8]) -> HTTPResponse {
    HTTPResponse(statusCode: status, headers: headers(type: type), body: Data(body))
  }

  static func headers(type: String) -> HTTPHeaders {
    var headers = HTTPHeaders()
    headers[.contentType] = type
    headers[.cacheControl] = "no-store"
    headers[HTTPHeader("X-Content-Type-Options")] = "nosniff"
    return headers
  }
}

/// A request that cannot be answered, with what is wrong with it.
struct RequestProblem: Error {
  var status: HTTPStatusCode
  var message: String

  static func badQuery(_ message: String) -> RequestProblem { RequestProblem(status: .badRequest, message: message) }
  static func notFound(_ message: String) -> RequestProblem { RequestProblem(status: .notFound, message: message) }
}
