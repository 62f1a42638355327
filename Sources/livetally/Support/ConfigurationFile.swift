import Foundation
import LiveEvents
import Pipeline

/// Configuration as the commands read it: a file and the environment.
enum ConfigurationFile {
  static func load(_ path: String, purpose: Configuration.Purpose) throws -> Configuration {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw UnreadableConfiguration(path: path, reason: (error as NSError).localizedDescription)
    }
    return try Configuration.load(
      yaml: text, source: path, environment: ProcessInfo.processInfo.environment, purpose: purpose,
      isKnownCurrency: { CurrencyCode($0) != nil })
  }

  /// The configuration of `replay` without a file.
  static func replayDefault() throws -> Configuration {
    try Configuration.replayWithoutFile(
      environment: ProcessInfo.processInfo.environment, isKnownCurrency: { CurrencyCode($0) != nil })
  }
}

/// A configuration file that cannot be read.
struct UnreadableConfiguration: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "cannot read the configuration \(path): \(reason)" }
}
