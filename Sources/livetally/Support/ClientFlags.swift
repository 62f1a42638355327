import ArgumentParser
import Kafka

/// Properties of the Kafka client of a command that has no configuration file.
struct ClientFlags: ParsableArguments {
  @Option(
    name: [.customShort("X"), .customLong("property")],
    help: ArgumentHelp(
      "A property of the Kafka client librdkafka, such as security.protocol=SASL_SSL; may be given again.",
      valueName: "name=value"))
  var properties: [String] = []

  func validate() throws {
    for property in properties where property.split(separator: "=", maxSplits: 1).count < 2 {
      throw ValidationError("--property \(property) is not name=value")
    }
  }

  /// The properties, which win over `defaults`. Throws ``InvalidPropertiesError``.
  func properties(defaults: [String: String]) throws(InvalidPropertiesError) -> ClientProperties {
    var values = defaults
    for property in properties {
      let parts = property.split(separator: "=", maxSplits: 1)
      values[String(parts[0])] = String(parts[1])
    }
    return try ClientProperties(values)
  }
}
