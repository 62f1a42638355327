/// Breaks the text of a valid event.
///
/// Garbage is one event in thousands, so this works on arrays and does not mind allocating. It relies on what the
/// renderer writes for the types it is given: no space, no comma or brace inside a string.
enum GarbagePress {
  /// Just above the 65 536 bytes that a consumer accepts.
  private static let tooManyBytes = 65_537
  private static let tooDeep = 200
  private static let tooLong = 129

  static func text(of kind: GarbageKind, from valid: [UInt8], eventTime: Int64, random: inout Random) -> [UInt8] {
    var text = valid
    switch kind {
    case .truncatedJSON: text.removeLast(1 + random.below(text.count - 1))
    case .notAnObject: text = bytes("[") + text + bytes("]")
    case .byteOrderMark: text = [0xef, 0xbb, 0xbf] + text
    case .loneSurrogate: replaceValue(of: "session_id", with: "\"s\\ud83d1\"", in: &text)
    case .deepNesting:
      let nested = String(repeating: "[", count: tooDeep) + String(repeating: "]", count: tooDeep)
      append(",\"extra\":" + nested, to: &text)
    case .tooLarge:
      append(",\"note\":\"\"", to: &text)
      let padding = repeatElement(UInt8(ascii: "x"), count: tooManyBytes - text.count)
      text.insert(contentsOf: padding, at: text.count - 2)
    case .missingType: remove("type", from: &text)
    case .typeNotString: replaceValue(of: "type", with: "7", in: &text)
    case .unknownType: replaceValue(of: "type", with: "\"teleport\"", in: &text)
    case .badTimestamp: replaceValue(of: "ts", with: "\"yesterday\"", in: &text)
    case .timestampOutOfRange: replaceValue(of: "ts", with: "253402300800000", in: &text)
    case .missingSession: remove("session_id", from: &text)
    case .emptyIdentifier: replaceValue(of: "host_id", with: "\"\"", in: &text)
    case .longIdentifier:
      let long = String(repeating: "s", count: tooLong)
      replaceValue(of: "session_id", with: "\"\(long)\"", in: &text)
    case .missingEventID: remove("event_id", from: &text)
    case .missingOrderID: remove("order_id", from: &text)
    case .missingBuyerID: remove("buyer_id", from: &text)
    case .badQuantity: replaceValue(of: "quantity", with: "0", in: &text)
    case .missingAmount: remove("amount", from: &text)
    case .negativeAmount: replaceValue(of: "amount", with: "-19.90", in: &text)
    case .tooPreciseAmount: replaceValue(of: "amount", with: "19.905", in: &text)
    case .exponentAmount: replaceValue(of: "amount", with: "1.99e1", in: &text)
    case .badCurrency: append(",\"currency\":\"yuan\"", to: &text)
    case .missingViewerID: remove("viewer_id", from: &text)
    case .negativeWatchTime: replaceValue(of: "watch_ms", with: "-1", in: &text)
    case .fromFuture: replaceValue(of: "ts", with: "\(eventTime + 3_600_000)", in: &text)
    }
    return text
  }

  /// Adds `member`, which starts with a comma, as the last of the object.
  private static func append(_ member: String, to text: inout [UInt8]) {
    text.insert(contentsOf: bytes(member), at: text.count - 1)
  }

  private static func replaceValue(of key: String, with value: String, in text: inout [UInt8]) {
    text.replaceSubrange(valueRange(of: key, in: text), with: bytes(value))
  }

  private static func remove(_ key: String, from text: inout [UInt8]) {
    let value = valueRange(of: key, in: text)
    let start = value.lowerBound - key.utf8.count - 3
    // The first member takes the comma behind it along, any other the one in front.
    text.removeSubrange(start == 1 ? start..<value.upperBound + 1 : start - 1..<value.upperBound)
  }

  private static func valueRange(of key: String, in text: [UInt8]) -> Range<Int> {
    let pattern = bytes("\"\(key)\":")
    guard let start = text.indices.first(where: { text[$0...].starts(with: pattern) }) else {
      preconditionFailure("generated events of this type have no \(key)")
    }
    let value = start + pattern.count
    let end = text[value...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") }
    return value..<(end ?? text.count)
  }

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
}
