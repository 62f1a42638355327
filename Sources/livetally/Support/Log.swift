import Foundation
import Logging

/// The program's log: lines on standard error.
enum Log {
  /// A logger from `LIVETALLY_LOG_LEVEL` on, or from `level` where that is not set.
  static func make(_ label: String, level: Logger.Level = .info) -> Logger {
    var logger = Logger(label: label, factory: { StreamLogHandler.standardError(label: $0) })
    let wanted = ProcessInfo.processInfo.environment["LIVETALLY_LOG_LEVEL"]
    logger.logLevel = wanted.flatMap(Logger.Level.init(rawValue:)) ?? level
    return logger
  }
}

/// Standard output, unbuffered. A reader that went away ends the program quietly, as with any filter.
enum Output {
  static func line(_ text: String) { write(text + "\n") }

  static func write(_ text: String) {
    do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch { quick_exit(0) }
  }
}
