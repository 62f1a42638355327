/// Compares the engine's output with what the oracle expects.
///
/// - Parameters:
///   - engineNDJSON: final records as JSON values, one a line.
///   - oracle: every record that is expected.
/// - Returns: one sentence per difference, naming the identity and the field; empty when there is none.
public func compare(engineNDJSON: [UInt8], oracle: [OracleRecord]) -> [String] {
  var differences: [String] = []
  var expected: [[UInt8]: OracleRecord] = [:]
  for record in oracle {
    let identity = identity(record.fields)
    if expected[identity] != nil { differences.append("\(string(identity)): the oracle has it twice") }
    expected[identity] = record
  }
  var found: Set<[UInt8]> = []
  for (index, line) in engineNDJSON.split(separator: 0x0A, omittingEmptySubsequences: true).enumerated() {
    guard let value = try? JSONReader.read(Array(line)), case .object(let members) = value else {
      differences.append("line \(index + 1): no JSON object: \(String(decoding: line, as: UTF8.self))")
      continue
    }
    var actual: [String: String] = [:]
    for (name, value) in members { actual[string(name)] = fieldText(value) }
    let identity = identity(actual)
    let name = string(identity)
    if actual["final"] != "true" {
      differences.append("\(name): final is \(actual["final"] ?? "absent"), not true")
    }
    actual["final"] = nil
    actual["revision"] = nil
    guard let record = expected[identity] else {
      differences.append("\(name): not expected")
      continue
    }
    if !found.insert(identity).inserted {
      differences.append("\(name): written twice")
      continue
    }
    for field in Set(record.fields.keys).union(actual.keys).sorted() {
      let wanted = record.fields[field]
      let got = actual[field]
      // Bytes, because strings that are only canonically equivalent are different values.
      if wanted.map({ Array($0.utf8) }) != got.map({ Array($0.utf8) }) {
        differences.append("\(name): \(field) is \(got ?? "absent"), expected \(wanted ?? "absent")")
      }
    }
  }
  for identity in expected.keys.filter({ !found.contains($0) }) {
    differences.append("\(string(identity)): missing")
  }
  return differences.sorted()
}

/// What makes a record's value one of a kind; a session's end is part of it too, because a second record of the same
/// session would be a mistake however it ends.
private func identity(_ fields: [String: String]) -> [UInt8] {
  let names = ["leaderboard", "window", "group", "key", "window_start", "window_end"]
  let parts = names.compactMap { name in fields[name].map { "\(name)=\($0)" } }
  return Array(parts.joined(separator: " ").utf8)
}

private func fieldText(_ value: JSONValue) -> String {
  if case .string(let bytes) = value { return string(bytes) }
  return string(value.canonicalText)
}

private func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
