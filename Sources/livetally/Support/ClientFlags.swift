import ArgumentParser
import Kafka
import Pipeline

/// Properties of the Kafka client of a command that has no configuration file.
struct ClientFlags: ParsableArguments {
  /// What is told otherwise, or would make another client of it.
  private static let refused = ["bootstrap.servers", "metadata.broker.list", "transactional.id"]
  /// Begins the name of a file that holds the value, for secrets: a command line can be seen by others.
  private static let fileMark: Character = "@"

  @Option(
    name: [.customShort("X"), .customLong("property")],
    help: ArgumentHelp(
      """
      A property of the Kafka client librdkafka, such as security.protocol=SASL_SSL; may be given again. A value @FILE \
      stands in that file.
      """, valueName: "name=value"))
  var properties: [String] = []

  /// The properties, which win over `defaults`. Throws `ValidationError` or ``InvalidPropertiesError``.
  func properties(defaults: [String: String]) throws -> ClientProperties {
    var values = defaults
    for property in properties {
      // What is wrong may hold a secret, so it is not repeated.
      guard let end = property.firstIndex(of: "="), end > property.startIndex else {
        throw ValidationError("--property takes name=value")
      }
      let name = String(property[..<end])
      if Self.refused.contains(name) { throw ValidationError("--property does not take \(name)") }
      values[name] = try Self.value(property[property.index(after: end)...], of: name)
    }
    return try ClientProperties(values)
  }

  private static func value(_ text: Substring, of name: String) throws -> String {
    guard text.first == fileMark else { return String(text) }
    do { return try ValueFile.read(String(text.dropFirst())) } catch {
      throw ValidationError("--property \(name): \(error.problem)")
    }
  }
}
