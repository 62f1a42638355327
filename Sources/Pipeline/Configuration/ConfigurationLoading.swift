extension Configuration {
  /// Reads and validates a configuration.
  ///
  /// - Parameters:
  ///   - yaml: the document; an empty one means all defaults.
  ///   - source: the document's file name, for messages.
  ///   - environment: the variables; those that begin with `LIVETALLY_` override the document.
  ///   - purpose: what must be given.
  ///   - isKnownCurrency: whether a text is an ISO 4217 code that events can have.
  /// - Throws: all mistakes together.
  public static func load(
    yaml: String, source: String, environment: [String: String], purpose: Purpose,
    isKnownCurrency: @escaping (String) -> Bool
  ) throws(ConfigurationError) -> Configuration {
    let report = MistakeReport()
    guard let document = YAMLDocument.parse(yaml, into: report) else { throw report.error(source: source) }
    return try read(
      document, source: source, environment: environment, purpose: purpose, defaults: Configuration(), report: report,
      isKnownCurrency: isKnownCurrency)
  }

  /// ``replayDefault``, with what the environment overrides: the configuration of `replay` without a file.
  public static func replayWithoutFile(
    environment: [String: String], isKnownCurrency: @escaping (String) -> Bool
  ) throws(ConfigurationError) -> Configuration {
    try read(
      RawSetting(content: .none, place: .line(1, column: 1)), source: "defaults", environment: environment,
      purpose: .replay, defaults: replayDefault, report: MistakeReport(), isKnownCurrency: isKnownCurrency)
  }

  private static func read(
    _ document: RawSetting, source: String, environment: [String: String], purpose: Purpose, defaults: Configuration,
    report: MistakeReport, isKnownCurrency: @escaping (String) -> Bool
  ) throws(ConfigurationError) -> Configuration {
    let overridden = EnvironmentOverrides(environment, report: report).applied(to: document)
    let reader = ConfigurationReader(
      report: report, purpose: purpose, defaults: defaults, isKnownCurrency: isKnownCurrency)
    let configuration = reader.read(overridden)
    guard report.isEmpty else { throw report.error(source: source) }
    return configuration
  }
}
