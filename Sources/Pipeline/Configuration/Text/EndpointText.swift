import Foundation

/// An address to listen on as configuration writes it: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
enum EndpointText {
  /// What is allowed, for messages.
  static let form = "an address with a port such as 127.0.0.1:8080, 0.0.0.0:8080, [::]:8080 or localhost:8080"

  /// The address, or `nil` unless `text` has that form.
  static func parse(_ text: String) -> Configuration.Endpoint? {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else { return nil }
    let host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      let address = String(host.dropFirst().dropLast())
      return isAddress(address, AF_INET6) ? Configuration.Endpoint(host: address, port: port) : nil
    }
    guard host == "localhost" || isAddress(host, AF_INET) else { return nil }
    return Configuration.Endpoint(host: host, port: port)
  }

  private static func isAddress(_ text: String, _ family: Int32) -> Bool {
    var storage = in6_addr()
    return inet_pton(family, text, &storage) == 1
  }
}
