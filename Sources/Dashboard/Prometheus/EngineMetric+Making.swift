extension EngineMetric {
  /// A counter.
  public static func counter(
    _ name: String, _ help: String, _ value: some BinaryInteger, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    EngineMetric(name: name, help: help, type: .counter, labels: labels, value: .number(Double(value)))
  }

  /// A counter of seconds.
  public static func counter(
    _ name: String, _ help: String, seconds: Double, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    EngineMetric(name: name, help: help, type: .counter, labels: labels, value: .number(seconds))
  }

  /// A gauge.
  public static func gauge(
    _ name: String, _ help: String, _ value: Double, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    EngineMetric(name: name, help: help, type: .gauge, labels: labels, value: .number(value))
  }

  /// A gauge of whole things.
  public static func gauge(
    _ name: String, _ help: String, _ value: some BinaryInteger, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    gauge(name, help, Double(value), labels)
  }

  /// A gauge that is 1 or 0.
  public static func gauge(
    _ name: String, _ help: String, _ isSo: Bool, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    gauge(name, help, isSo ? 1.0 : 0.0, labels)
  }
}
