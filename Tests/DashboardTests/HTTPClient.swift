import Foundation

/// A plain loopback client that shows every byte and can stop reading.
final class HTTPClient: @unchecked Sendable {
  struct Failure: Error {}

  private let descriptor: Int32

  /// - Parameter receiveBuffer: The size of the socket's receive buffer, to be filled up sooner.
  init(port: UInt16, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure() }
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    _ = text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
  }

  /// What comes until `text` is in it, the other side closes, or the time is over.
  func read(until text: String? = nil, seconds: Double = 5) -> String {
    var all: [UInt8] = []
    let deadline = ContinuousClock.now + .seconds(seconds)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while ContinuousClock.now < deadline {
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard Glibc.poll(&poll, 1, 50) > 0 else { continue }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { break }
      all.append(contentsOf: buffer.prefix(count))
      if let text, String(decoding: all, as: UTF8.self).contains(text) { break }
    }
    return String(decoding: all, as: UTF8.self)
  }

  /// One request on its own connection: status, head and body.
  static func get(_ target: String, port: UInt16, method: String = "GET", headers: [String] = []) throws -> Response {
    let client = try HTTPClient(port: port)
    let lines = ["\(method) \(target) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
    client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    let text = client.read()
    let parts = text.components(separatedBy: "\r\n\r\n")
    return Response(
      status: Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0, head: parts[0],
      body: parts.dropFirst().joined(separator: "\r\n\r\n"))
  }

  struct Response {
    var status: Int
    var head: String
    var body: String

    var error: String? { (try? object(body.bytes))?["error"] as? String }
  }
}
