import Testing

@testable import Pipeline

/// The currencies of these tests.
let knownCurrencies: Set<String> = ["CNY", "USD", "EUR", "JPY"]

func load(
  _ yaml: String, environment: [String: String] = [:], purpose: Configuration.Purpose = .replay
) throws(ConfigurationError) -> Configuration {
  try Configuration.load(
    yaml: yaml, source: "test.yaml", environment: environment, purpose: purpose,
    isKnownCurrency: { knownCurrencies.contains($0) })
}

/// The lines of the error, or none if the configuration is valid.
func mistakes(
  _ yaml: String, environment: [String: String] = [:], purpose: Configuration.Purpose = .replay
) -> [String] {
  do {
    _ = try load(yaml, environment: environment, purpose: purpose)
    return []
  } catch {
    return error.description.split(separator: "\n").map(String.init)
  }
}

/// One window with `settings` in place of its size and slide, under a pane of `pane`.
func window(_ settings: String, pane: String = "1s") -> String {
  "time: {pane: \(pane)}\nwindows: [{name: w, \(settings)}]"
}
