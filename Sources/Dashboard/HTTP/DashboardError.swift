/// Why the dashboard does not serve.
public enum DashboardError: Error, Equatable, CustomStringConvertible {
  /// Another process listens there.
  case portInUse(host: String, port: UInt16)
  /// The host is neither an IP address nor `localhost`.
  case badHost(String)
  /// The address could not be bound for another reason, which the system gives.
  case cannotListen(host: String, port: UInt16, reason: String)

  /// One sentence that says what to do.
  public var description: String {
    switch self {
    case .portInUse(let host, let port):
      "Port \(port) on \(host) is in use by another process: stop it or choose another port in http.listen."
    case .badHost(let host):
      "The host \"\(host)\" in http.listen is not an IP address: write 127.0.0.1, 0.0.0.0 or ::, for example."
    case .cannotListen(let host, let port, let reason):
      "The dashboard cannot listen on \(host), port \(port) (\(reason)): choose another address in http.listen."
    }
  }
}
