import Foundation
import LiveEvents
import Testing

/// Whether a text is the JSON that the contract wants, judged by Foundation.
///
/// `JSONSerialization` differs from RFC 8259 and the contract in the ways listed here; each rule says what it mends.
enum Judge {
  static func isJSONObject(_ payload: [UInt8]) -> Bool {
    // Foundation guesses UTF-16 and UTF-32 from byte order marks and from where zero bytes stand; the contract knows
    // UTF-8 without a mark only, in which a zero byte can never stand.
    if payload.contains(0) || payload.starts(with: [0xEF, 0xBB, 0xBF]) || payload.starts(with: [0xFE, 0xFF])
      || payload.starts(with: [0xFF, 0xFE])
    {
      return false
    }
    // Foundation repairs or skips some invalid UTF-8; the standard library's validation is the judge of that.
    if String(validating: payload, as: UTF8.self) == nil { return false }
    // Foundation allows 512 levels, the contract 128.
    if depth(payload) > 128 { return false }
    // Foundation's treatment of a surrogate escape without its other half is left open by its documentation.
    if hasLoneSurrogate(payload) { return false }
    // Foundation allows a comma behind the last element.
    if hasTrailingComma(payload) { return false }
    // Foundation refuses numbers that no Double holds; RFC 8259 limits the grammar, not the size.
    return (try? JSONSerialization.jsonObject(with: Data(withShortExponents(payload)))) is [String: Any]
  }

  /// The bytes outside strings, in a text that may be malformed.
  static func bytesOutsideStrings(_ payload: [UInt8]) -> [(index: Int, byte: UInt8)] {
    var result: [(index: Int, byte: UInt8)] = []
    var (isInString, index) = (false, 0)
    while index < payload.count {
      let byte = payload[index]
      if isInString && byte == UInt8(ascii: "\\") {
        index += 1
      } else if byte == UInt8(ascii: "\"") {
        isInString.toggle()
        result.append((index, byte))
      } else if !isInString {
        result.append((index, byte))
      }
      index += 1
    }
    return result
  }

  /// The largest number of containers open at once.
  static func depth(_ payload: [UInt8]) -> Int {
    var (depth, deepest) = (0, 0)
    for (_, byte) in bytesOutsideStrings(payload) {
      if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
      if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { depth -= 1 }
      deepest = max(deepest, depth)
    }
    return deepest
  }

  static func hasTrailingComma(_ payload: [UInt8]) -> Bool {
    let significant = bytesOutsideStrings(payload).map(\.byte).filter { !" \t\n\r".utf8.contains($0) }
    return zip(significant, significant.dropFirst()).contains { $0 == UInt8(ascii: ",") && "]}".utf8.contains($1) }
  }

  /// Keeps the first digit of every exponent.
  static func withShortExponents(_ payload: [UInt8]) -> [UInt8] {
    var dropped: Set<Int> = []
    var (isExponent, digits, previous) = (false, 0, UInt8(ascii: " "))
    for (index, byte) in bytesOutsideStrings(payload) {
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      if isExponent && isDigit {
        digits += 1
        if digits > 1 { dropped.insert(index) }
      } else if byte | 0x20 == UInt8(ascii: "e") {
        isExponent = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(previous)
        digits = 0
      } else if byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-") {
        isExponent = false
      }
      previous = byte
    }
    return payload.indices.filter { !dropped.contains($0) }.map { payload[$0] }
  }

  static func hasLoneSurrogate(_ payload: [UInt8]) -> Bool {
    var index = 0
    func unit(_ index: Int) -> UInt32? {
      guard index + 6 <= payload.count, payload[index] == UInt8(ascii: "\\"), payload[index + 1] == UInt8(ascii: "u")
      else { return nil }
      return UInt32(String(decoding: payload[(index + 2)..<(index + 6)], as: UTF8.self), radix: 16)
    }
    while index < payload.count {
      if payload[index] == UInt8(ascii: "\\") {
        if let first = unit(index), (0xD800...0xDFFF).contains(first) {
          guard first < 0xDC00, let second = unit(index + 6), (0xDC00...0xDFFF).contains(second) else { return true }
          index += 10
        }
        index += 1
      }
      index += 1
    }
    return false
  }
}

/// Random JSON, and random damage to it.
struct JSONPress {
  var generator: SeededGenerator

  mutating func pick<Element>(_ list: [Element]) -> Element { list.randomElement(using: &generator)! }

  mutating func space() -> String { generator.chance(15) ? pick([" ", "  ", "\n", "\t", "\r\n", " \t\n\r "]) : "" }

  mutating func string() -> String {
    var text = "\""
    for _ in 0..<Int.random(in: 0...pick([3, 12, 40]), using: &generator) {
      text += pick([
        "a", "b", "7", "_", "-", " ", "!", "é", "价", "😀", "\u{7f}", "\u{80}", "\u{ffff}", "\\n", "\\\"", "\\\\", "\\/",
        "\\u0041", "\\u00e9", "\\u4EF7", "\\ud83d\\ude00", "\\u0000", "{", "}", "[", "]", ",", ":", "kuaishou",
      ])
    }
    return text + "\""
  }

  mutating func number() -> String {
    pick([
      "0", "-0", "1", "-1", "42", "1592308800123", "129.90", "1.0", "-0.5", "1e5", "1E+5", "2e-7", "1.25e10",
      "123456789012345678901234567890", "0.000000000000000000001", "9223372036854775807", "1000000",
    ])
  }

  mutating func value(_ depth: Int) -> String {
    switch Int.random(in: 0..<(depth > 4 ? 7 : 10), using: &generator) {
    case 0, 1, 2: return string()
    case 3, 4: return number()
    case 5: return pick(["true", "false"])
    case 6: return "null"
    case 7: return object(depth + 1)
    default:
      let items = (0..<Int.random(in: 0...3, using: &generator)).map { _ in space() + value(depth + 1) + space() }
      return "[" + (items.isEmpty ? space() : items.joined(separator: ",")) + "]"
    }
  }

  mutating func object(_ depth: Int) -> String {
    let keys = Members.purchase.list.map(\.key) + ["viewer_id", "watch_ms", "x", "title"]
    let members = (0..<Int.random(in: 0...(depth == 1 ? 14 : 3), using: &generator)).map { _ in
      let key = generator.chance(70) ? "\"\(pick(keys))\"" : string()
      return space() + key + space() + ":" + space() + value(depth) + space()
    }
    return "{" + (members.isEmpty ? space() : members.joined(separator: ",")) + "}"
  }

  /// An event that is right but for what is done to it.
  mutating func event() -> String {
    var members: Members = generator.chance(50) ? .purchase : .viewer
    if generator.chance(50) { members.list.shuffle(using: &generator) }
    for _ in 0..<Int.random(in: 0...2, using: &generator) {
      let index = Int.random(in: 0..<members.list.count, using: &generator)
      members.list[index].value = value(1)
    }
    if generator.chance(20) { members.list.append(pick(members.list)) }
    return members.json
  }

  mutating func nested() -> String {
    let depth = Int.random(in: 120...135, using: &generator)
    let isArray = (0..<depth).map { _ in generator.chance(50) }
    let inner = isArray.map { $0 ? "[" : "{\"k\":" }.joined()
    return "{\"x\":" + inner + "1" + isArray.reversed().map { $0 ? "]" : "}" }.joined() + "}"
  }

  mutating func damaged(_ text: [UInt8]) -> [UInt8] {
    var bytes = text
    for _ in 0..<Int.random(in: 1...2, using: &generator) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
      case 1: bytes[index] = UInt8.random(in: 0...255, using: &generator)
      case 2: bytes.remove(at: index)
      case 3: bytes.removeSubrange(index...)
      case 4: bytes.insert(pick(Array("{}[]\",:\\ \u{1}0eE.+-untf".utf8)), at: index)
      case 5:
        let other = Int.random(in: 0..<bytes.count, using: &generator)
        bytes.insert(contentsOf: Array(bytes[min(index, other)..<max(index, other)]), at: index)
      case 6:
        bytes.insert(
          contentsOf: pick([
            Array("\\ud800".utf8), Array("\\udc00".utf8), Array("\\u12".utf8), [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFF], Array("tru".utf8), Array("nul".utf8), Array("01".utf8),
          ]), at: index)
      default: bytes.swapAt(index, Int.random(in: 0..<bytes.count, using: &generator))
      }
    }
    return bytes
  }

  mutating func payload() -> [UInt8] {
    var text: String
    switch Int.random(in: 0..<20, using: &generator) {
    case 0: text = nested()
    case 1: text = value(1)
    case 2...9: text = object(1)
    default: text = event()
    }
    text = space() + text + space()
    let bytes = Array(text.utf8)
    return generator.chance(60) ? damaged(bytes) : bytes
  }
}

@Suite struct JSONConformanceTests {
  @Test(arguments: 0..<8)
  func malformedIsWhatFoundationRefuses(_ seed: UInt64) {
    var press = JSONPress(generator: SeededGenerator(seed: 100 + seed))
    var decoder = EventDecoder(policy: .yuan)
    var (valid, invalid) = (0, 0)
    for _ in 0..<6_000 {
      let payload = press.payload()
      let isValid = Judge.isJSONObject(payload)
      if isValid { valid += 1 } else { invalid += 1 }
      let reason = decoder.outcome(payload).reason
      #expect((reason != .malformedJSON) == isValid, "\(String(decoding: payload, as: UTF8.self))")
    }
    #expect(valid > 2_000 && invalid > 2_000)
  }

  /// What came before must not change what comes out: one decoder for all against a fresh one for each.
  @Test func resultsDoNotDependOnEarlierEvents() {
    var press = JSONPress(generator: SeededGenerator(seed: 11))
    var decoder = EventDecoder(policy: .yuan)
    for _ in 0..<5_000 {
      let payload = press.payload()
      var fresh = EventDecoder(policy: .yuan)
      #expect(decoder.outcome(payload) == fresh.outcome(payload))
      #expect(decoder.rejectDetail() == fresh.rejectDetail() || decoder.outcome(payload).reason == nil)
    }
  }

  @Test func depthLimitIs128() {
    func nested(_ depth: Int, _ open: String, _ close: String) -> String {
      let inner = String(repeating: open, count: depth - 1) + "1" + String(repeating: close, count: depth - 1)
      return Members.viewer.with("x", inner).json
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      #expect(decode(nested(128, open, close)).reason == nil)
      #expect(decode(nested(129, open, close)).reason == .malformedJSON)
      #expect(decode(nested(5000, open, close)).reason == .malformedJSON)
    }
    #expect(detail(nested(129, "[", "]")).contains("deeper than 128"))
    #expect(decode(nested(128, "[", "]").replacing("[1]", with: "[]")).reason == nil)
    let wide = "[" + Array(repeating: "[[]]", count: 1000).joined(separator: ",") + "]"
    #expect(decode(Members.viewer.with("x", wide).json).reason == nil)
    // The limit holds where the value belongs to a known key, too.
    let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    for key in ["session_id", "ts", "type", "watch_ms"] {
      #expect(decode(Members.viewer.with(key, deep).json).reason == .malformedJSON)
      #expect(decode(Members.viewer.with(key, String(deep.dropFirst().dropLast())).json).reason == .badField)
    }
  }

  @Test func textsThatAreNoJSONObject() {
    for text in [
      " ", "{", "}", "{]", "[]", "[{}]", "1", "\"x\"", "null", "true", "{}{}", "{},", "{} x", "{,}", "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":-}", "{\"a\":+1}",
      "{\"a\":1.}", "{\"a\":.1}", "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":0x1}", "{\"a\":NaN}", "{\"a\":Infinity}",
      "{\"a\":tru}", "{\"a\":True}", "{\"a\":nul}", "{\"a\":\"\t\"}", "{\"a\":\"\n\"}", "{\"a\":\"\u{0}\"}",
      "{\"\u{1f}\":1}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\ud800\"}",
      "{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800\\ud800\"}", "{\"a\":\"\\ud800x\"}", "{\"a\":\"\\udc00\\ud800\"}",
      "{\"\\ud800\":1}", "{\"a\":\"x}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":[1}",
      "{\"a\":{\"b\"}}",
      "\u{FEFF}{}", "{}\u{FEFF}", "{\u{A0}}", "{}\u{0}", "/**/{}", "{//x\n}", "{\"a\":1}]", "{\"type\":\"paid\"",
      "{\"type\":\"paid\",", "{\"type\":\"pa", "{\"ts\":1592308800123", "{\"ts\":15923088001234567890",
      "{\"amount\":\"1.5", "{\"amount\":1.5", "{\"currency\":\"CN", "{\"quantity\":-}",
    ] {
      #expect(decode(text).reason == .malformedJSON, "\(text)")
    }
    for text in [
      "{}", " {} ", "\n{\t}\r", "{\"a\":1}", "{ \"a\" : [ ] , \"b\" : { } }", "{\"\":0}", "{\"\u{7f}\":-0e-0}",
    ] {
      #expect(decode(text).reason == .missingField, "\(text)")
    }
  }

  @Test func invalidUTF8IsMalformedEverywhere() {
    let sequences: [[UInt8]] = [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
      [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
    ]
    for sequence in sequences {
      for template in [
        #"{"x":"@"}"#, #"{"@":1}"#, #"{"x":["@"]}"#, #"{"x":{"@":1}}"#, #"{"session_id":"@"}"#, #"{"type":"@"}"#,
        #"{"ts":"@"}"#, #"{"amount":"@"}"#, #"{"currency":"@"}"#, #"{"currency":"C@"}"#, #"{@}"#, #"{}@"#,
        #"{"session_id":"0123456@"}"#, #"{"session_id":"01234567890123456789@"}"#,
      ] {
        let parts = template.split(separator: "@", omittingEmptySubsequences: false).map { Array($0.utf8) }
        var decoder = EventDecoder(policy: .yuan)
        #expect(decoder.outcome(parts[0] + sequence + parts[1]).reason == .malformedJSON, "\(template) \(sequence)")
      }
    }
  }
}
