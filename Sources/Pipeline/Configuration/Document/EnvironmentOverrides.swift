/// The environment variables that override the document: `LIVETALLY_` and the key's path in capitals, joined by `_`.
///
/// With the suffix `_FILE` a variable names a file that holds the value.
struct EnvironmentOverrides {
  private static let prefix = "LIVETALLY_"
  private static let fileSuffix = "_FILE"

  /// What a name stands for.
  private enum Target {
    case value([String])
    /// A list or mapping, as YAML.
    case collection(String)
    case kafkaProperty(String)
    case rate(String)

    var isCollection: Bool {
      if case .collection = self { return true }
      return false
    }
  }

  private struct Variable {
    let name: String
    let text: String
    /// Whether `text` is the path of the file that holds the value.
    let isFile: Bool
    let target: Target
  }

  private let environment: [(key: String, value: String)]
  private let report: MistakeReport

  init(_ environment: [String: String], report: MistakeReport) {
    self.environment = environment.filter { Self.isOurs($0.key, $0.value) }.sorted { $0.key < $1.key }
    self.report = report
  }

  /// `document` with every override in place; mistakes go to the report.
  func applied(to document: RawSetting) -> RawSetting {
    let overrides = environment.compactMap { variable(named: $0.key, text: $0.value) }
    var result = document
    // Whole collections first, so that a variable of a single rate has the last word.
    for override in overrides.filter(\.target.isCollection) + overrides.filter({ !$0.target.isCollection }) {
      let path = Self.path(override.target, in: document)
      if let value = value(of: override, path: path.joined(separator: ".")) { result.set(value, at: path[...]) }
    }
    return result
  }

  /// The variable with its meaning; `nil` after reporting that it has none.
  private func variable(named name: String, text: String) -> Variable? {
    let isFile = name.hasSuffix(Self.fileSuffix)
    let plainName = isFile ? String(name.dropLast(Self.fileSuffix.count)) : name
    guard let target = Self.target(plainName) else {
      reportUnknown(plainName, name)
      return nil
    }
    if isFile, environment.contains(where: { $0.key == plainName }) {
      report.add(.variable(name), "", "\(plainName) is set as well; set one of the two")
      return nil
    }
    return Variable(name: name, text: text, isFile: isFile, target: target)
  }

  private func value(of variable: Variable, path: String) -> RawSetting? {
    var text = variable.text
    if variable.isFile {
      do {
        text = try ValueFile.read(variable.text)
      } catch {
        report.add(.variable(variable.name), path, error.problem)
        return nil
      }
    }
    guard variable.target.isCollection else {
      return RawSetting(
        content: .scalar(text), place: .variable(variable.name), file: variable.isFile ? variable.text : nil)
    }
    guard let value = YAMLDocument.parse(text, variable: variable.name, path: path, into: report) else { return nil }
    if case .none = value.content {
      report.add(.variable(variable.name), path, "is empty; give YAML such as [] or {}")
      return nil
    }
    return value
  }

  private func reportUnknown(_ plainName: String, _ name: String) {
    let names = (ConfigurationKeys.values + ConfigurationKeys.collections.map { [$0] }).map(Self.name)
    let rest = plainName.dropFirst(Self.prefix.count)
    let nearest = NearestName.of(String(rest), among: names.map { String($0.dropFirst(Self.prefix.count)) })
    let suffix = name.dropFirst(plainName.count)
    let hint =
      nearest.map { "did you mean \(Self.prefix)\($0)\(suffix)?" } ?? "unset it, or see the configuration reference"
    report.add(.variable(name), "", "unknown variable; \(hint)")
  }

  // MARK: - Names

  /// The variable of a key.
  static func name(_ path: [String]) -> String { prefix + path.map(capitals).joined(separator: "_") }

  private static func capitals(_ key: String) -> String {
    String(key.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
  }

  private static func target(_ plainName: String) -> Target? {
    if let path = ConfigurationKeys.values.first(where: { name($0) == plainName }) { return .value(path) }
    if let key = ConfigurationKeys.collections.first(where: { name([$0]) == plainName }) { return .collection(key) }
    for (section, target) in [("kafka", Target.kafkaProperty), ("rates", Target.rate)] {
      let start = name([section]) + "_"
      if plainName.hasPrefix(start), plainName.count > start.count {
        return target(String(plainName.dropFirst(start.count)))
      }
    }
    return nil
  }

  private static func path(_ target: Target, in document: RawSetting) -> [String] {
    switch target {
    case .value(let path): return path
    case .collection(let key): return [key]
    case .rate(let code): return ["rates", code]
    case .kafkaProperty(let suffix):
      // A name that the document has already decides which `_` are dots.
      let written = document.entries.first { $0.key == "kafka" }?.value.entries.first { capitals($0.key) == suffix }
      return ["kafka", written?.key ?? suffix.lowercased().replacing("_", with: ".")]
    }
  }

  // MARK: - Variables of others

  private static func isOurs(_ name: String, _ value: String) -> Bool {
    name.hasPrefix(prefix) && name != "LIVETALLY_LOG_LEVEL" && !name.hasPrefix("LIVETALLY_TEST_")
      && !isServiceLink(name, value)
  }

  /// Whether Kubernetes or Docker set the variable to tell about a service whose name begins with `livetally`, e.g.
  /// `LIVETALLY_SERVICE_HOST`, `LIVETALLY_PORT_8080_TCP_ADDR`. A pod must not fail because of its own service.
  private static func isServiceLink(_ name: String, _ value: String) -> Bool {
    if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
      return true
    }
    if name.hasSuffix("_PORT"), ["tcp://", "udp://", "sctp://"].contains(where: value.hasPrefix) { return true }
    return name.contains(/_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PORT|PROTO|ADDR))?$/)
  }
}
