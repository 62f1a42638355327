/// The Prometheus text exposition format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
enum PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The families in the order of their first sample. A sample whose type differs from its family's is left out.
  static func render(_ metrics: [EngineMetric]) -> String {
    var families: [String: [EngineMetric]] = [:]
    var names: [String] = []
    for metric in metrics {
      let name = validName(metric.name)
      if families[name] == nil { names.append(name) }
      families[name, default: []].append(metric)
    }
    var text = ""
    for name in names {
      guard let samples = families[name], let first = samples.first else { continue }
      text += "# HELP \(name) \(escapedHelp(first.help))\n# TYPE \(name) \(first.type.rawValue)\n"
      for sample in samples where sample.type == first.type { append(sample, name: name, to: &text) }
    }
    return text
  }

  private static func append(_ sample: EngineMetric, name: String, to text: inout String) {
    let labels = sample.labels.sorted { $0.key < $1.key }.map { (validName($0.key, isLabel: true), $0.value) }
    switch sample.value {
    case .number(let value):
      text += "\(name)\(labelText(labels)) \(number(value))\n"
    case .histogram(let buckets, let sum, let count):
      for bucket in buckets where bucket.upperBound < .infinity {
        text += "\(name)_bucket\(labelText(labels + [("le", number(bucket.upperBound))])) \(bucket.count)\n"
      }
      text += "\(name)_bucket\(labelText(labels + [("le", "+Inf")])) \(count)\n"
      text += "\(name)_sum\(labelText(labels)) \(number(sum))\n"
      text += "\(name)_count\(labelText(labels)) \(count)\n"
    }
  }

  private static func labelText(_ labels: [(String, String)]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.0)=\"\(escapedValue($0.1))\"" }.joined(separator: ",") + "}"
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    // Beyond 2^53 a Double holds no exact whole number anyway.
    if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
    return String(value)
  }

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, labels without the colon; other characters become `_`.
  private static func validName(_ name: String, isLabel: Bool = false) -> String {
    var valid = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "_": valid.unicodeScalars.append(scalar)
      case ":" where !isLabel: valid.unicodeScalars.append(scalar)
      case "0"..."9": valid += (valid.isEmpty ? "_" : "") + String(scalar)
      default: valid += "_"
      }
    }
    return valid.isEmpty ? "_" : valid
  }

  private static func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  private static func escapedValue(_ text: String) -> String {
    escapedHelp(text).replacing("\"", with: "\\\"")
  }
}
