import CLibrdkafka

/// librdkafka's configuration properties, passed through unchanged.
///
/// Construction checks every name and value and reports all that are wrong, so nothing half-configured ever runs:
///
///     let properties = try ClientProperties(["bootstrap.servers": "broker-1:9092", "group.id": "livetally"])
///     let ingest = try properties.setting(["group.id": "livetally-ingest"])
///
/// A few properties carry guarantees of ours and cannot be set: see ``reserved``. The list of all the others is
/// librdkafka's CONFIGURATION.md.
public struct ClientProperties: Equatable, Sendable {
  /// The properties by name.
  public let values: [String: String]

  /// The properties that ``Consumer`` sets itself, with the reason. Setting one to anything else is an error.
  public static let reserved: [String: (value: String, reason: String)] = [
    "auto.offset.reset": ("error", "a gap in the log must be seen, not skipped"),
    "enable.auto.commit": ("false", "offsets are committed with the results they belong to"),
    "enable.auto.offset.store": ("false", "offsets are committed with the results they belong to"),
    "enable.partition.eof": ("true", "idleness is judged by it"),
  ]

  /// Checks and keeps `values`; throws all that is wrong with them at once.
  public init(_ values: [String: String]) throws(InvalidPropertiesError) {
    self.values = values
    var problems: [InvalidPropertiesError.Problem] = []
    let configuration = rd_kafka_conf_new()
    defer { rd_kafka_conf_destroy(configuration) }
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      if let (fixed, reason) = Self.reserved[name], value != fixed {
        problems.append(.init(name: name, message: "\(name) is fixed at \(fixed), because \(reason); remove it"))
      } else if let message = Self.set(name, value, on: configuration) {
        problems.append(.init(name: name, message: Self.isSecret(name) ? "the value of \(name) is bad" : message))
      }
    }
    guard problems.isEmpty else { throw InvalidPropertiesError(problems: problems) }
  }

  /// The same properties with `overrides` put over them.
  public func setting(_ overrides: [String: String]) throws(InvalidPropertiesError) -> ClientProperties {
    try ClientProperties(values.merging(overrides) { _, new in new })
  }

  /// The same properties with those of `hints` put over them that this process's librdkafka knows, which may be older
  /// than a property that only makes something faster.
  public func settingWhereKnown(_ hints: [String: String]) -> ClientProperties {
    hints.reduce(self) { properties, hint in (try? properties.setting([hint.key: hint.value])) ?? properties }
  }

  /// The value of a property, where it is set.
  public subscript(name: String) -> String? { values[name] }

  /// A configuration object for `rd_kafka_new`, which takes it over. `fixed` wins over the properties, the properties
  /// win over `defaults`.
  func makeConfiguration(defaults: [String: String], fixed: [String: String]) throws(InvalidPropertiesError)
    -> OpaquePointer
  {
    let configuration: OpaquePointer = rd_kafka_conf_new()
    let merged = defaults.merging(values) { _, new in new }.merging(fixed) { _, new in new }
    var problems: [InvalidPropertiesError.Problem] = []
    for (name, value) in merged.sorted(by: { $0.key < $1.key }) {
      if let message = Self.set(name, value, on: configuration) {
        problems.append(.init(name: name, message: message))
      }
    }
    guard problems.isEmpty else {
      rd_kafka_conf_destroy(configuration)
      throw InvalidPropertiesError(problems: problems)
    }
    return configuration
  }

  /// librdkafka's complaint, or nil.
  private static func set(_ name: String, _ value: String, on configuration: OpaquePointer?) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
      text.initialize(repeating: 0)
      let result = rd_kafka_conf_set(configuration, name, value, text.baseAddress, text.count)
      return result == RD_KAFKA_CONF_OK ? nil : String(cString: text.baseAddress!)
    }
  }

  private static func isSecret(_ name: String) -> Bool {
    ["password", "secret", ".pem", "oauthbearer.config"].contains { name.contains($0) }
  }
}

extension ClientProperties: CustomStringConvertible {
  /// `name=value` pairs in order, secrets masked.
  public var description: String {
    values.sorted { $0.key < $1.key }
      .map { "\($0.key)=\(Self.isSecret($0.key) ? "***" : $0.value)" }
      .joined(separator: " ")
  }
}

/// Everything that is wrong with a set of ``ClientProperties``.
public struct InvalidPropertiesError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One property that cannot be used, and why.
  public struct Problem: Equatable, Sendable {
    /// The property's name.
    public var name: String
    /// librdkafka's message.
    public var message: String
  }

  /// The properties that cannot be used, by name.
  public var problems: [Problem]

  /// One sentence that names all of them.
  public var description: String {
    "correct the Kafka client properties: " + problems.map(\.message).joined(separator: "; ")
  }
}
