import FlyingSocks
import Foundation

/// Where to listen, from the configured text.
enum ListenAddress {
  static func parse(host: String, port: UInt16) throws(DashboardError) -> any SocketAddress {
    let name = host == "localhost" ? "127.0.0.1" : host
    if let address = try? sockaddr_in.inet(ip4: name, port: port) { return address }
    if let address = try? sockaddr_in6.inet6(ip6: name, port: port) { return address }
    throw .badHost(host)
  }
}
