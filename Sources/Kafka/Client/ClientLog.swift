import Logging

extension Logger {
  /// Passes on one line of librdkafka's log.
  func log(syslogLevel: Int32, facility: String, text: String) {
    log(
      level: Self.level(syslogLevel: syslogLevel, facility: facility), "\(text)",
      metadata: ["facility": "\(facility)"])
  }

  /// RFC 5424 severities, which librdkafka uses. Remarks about properties that only another kind of client reads
  /// (facility CONFWARN) are of no interest where one set of properties serves consumers and producers alike.
  static func level(syslogLevel: Int32, facility: String) -> Logger.Level {
    if facility == "CONFWARN" { return .debug }
    return switch syslogLevel {
    case ...2: .critical
    case 3: .error
    case 4: .warning
    case 5: .notice
    case 6: .info
    default: .debug
    }
  }
}
