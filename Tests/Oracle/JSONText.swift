/// A JSON value whose numbers stay the text they were written as.
///
/// Strings are bytes and not `String`, because `String` calls canonically equivalent texts equal and identifiers are
/// compared byte by byte.
enum JSONValue {
  case null
  case bool(Bool)
  case number([UInt8])
  case string([UInt8])
  case array([JSONValue])
  case object([[UInt8]: JSONValue])

  /// A JSON string of `text`.
  static func text(_ text: String) -> JSONValue { .string(Array(text.utf8)) }

  /// The one spelling of this value: no whitespace, keys sorted by bytes, numbers without trailing fraction zeros.
  var canonicalText: [UInt8] {
    switch self {
    case .null: return Array("null".utf8)
    case .bool(let flag): return Array((flag ? "true" : "false").utf8)
    case .number(let text): return canonicalNumber(text)
    case .string(let bytes): return quoted(bytes)
    case .array(let items):
      return [0x5B] + items.map(\.canonicalText).joined(separator: [0x2C]) + [0x5D]
    case .object(let members):
      let sorted = members.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      let texts = sorted.map { quoted($0.key) + [0x3A] + $0.value.canonicalText }
      return [0x7B] + texts.joined(separator: [0x2C]) + [0x7D]
    }
  }
}

/// `12.50` as `12.5`, `12.00` as `12`; a number with an exponent stays as it is.
func canonicalNumber(_ text: [UInt8]) -> [UInt8] {
  guard text.contains(0x2E), !text.contains(0x65), !text.contains(0x45) else { return text }
  var shortened = text
  while shortened.last == 0x30 { shortened.removeLast() }
  if shortened.last == 0x2E { shortened.removeLast() }
  return shortened
}

private func quoted(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = [0x22]
  for byte in bytes {
    if byte == 0x22 || byte == 0x5C {
      result += [0x5C, byte]
    } else if byte < 0x20 {
      let hex = Array("0123456789abcdef".utf8)
      result += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
    } else {
      result.append(byte)
    }
  }
  return result + [0x22]
}

/// The text is not JSON as RFC 8259 defines it, or is nested too deeply.
struct JSONMistake: Error {
  var offset: Int
}

/// A recursive-descent reader that follows the grammar of RFC 8259 rule by rule.
struct JSONReader {
  /// The deepest nesting that is accepted; the outermost array or object has depth 1.
  static let maxDepth = 128

  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The value that is the whole of `bytes`.
  static func read(_ bytes: [UInt8]) throws -> JSONValue {
    var reader = JSONReader(bytes)
    reader.skipWhitespace()
    let value = try reader.value(depth: 1)
    reader.skipWhitespace()
    if reader.position != bytes.count { throw reader.mistake }
    return value
  }

  private var mistake: JSONMistake { JSONMistake(offset: position) }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipWhitespace() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func expect(_ byte: UInt8) throws {
    if current != byte { throw mistake }
    position += 1
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws -> JSONValue {
    for byte in word.utf8 { try expect(byte) }
    return value
  }

  private mutating func value(depth: Int) throws -> JSONValue {
    switch current {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func object(depth: Int) throws -> JSONValue {
    if depth > Self.maxDepth { throw mistake }
    try expect(UInt8(ascii: "{"))
    var members: [[UInt8]: JSONValue] = [:]
    skipWhitespace()
    if current == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipWhitespace()
      let name = try string()
      skipWhitespace()
      try expect(UInt8(ascii: ":"))
      skipWhitespace()
      members[name] = try value(depth: depth + 1)
      skipWhitespace()
      if current == UInt8(ascii: "}") {
        position += 1
        return .object(members)
      }
      try expect(UInt8(ascii: ","))
    }
  }

  private mutating func array(depth: Int) throws -> JSONValue {
    if depth > Self.maxDepth { throw mistake }
    try expect(UInt8(ascii: "["))
    var items: [JSONValue] = []
    skipWhitespace()
    if current == UInt8(ascii: "]") {
      position += 1
      return .array(items)
    }
    while true {
      skipWhitespace()
      items.append(try value(depth: depth + 1))
      skipWhitespace()
      if current == UInt8(ascii: "]") {
        position += 1
        return .array(items)
      }
      try expect(UInt8(ascii: ","))
    }
  }

  private mutating func digits() throws {
    guard let first = current, first >= 0x30, first <= 0x39 else { throw mistake }
    while let byte = current, byte >= 0x30, byte <= 0x39 { position += 1 }
  }

  private mutating func number() throws -> [UInt8] {
    let start = position
    if current == UInt8(ascii: "-") { position += 1 }
    if current == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if current == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    return Array(bytes[start..<position])
  }

  private mutating func string() throws -> [UInt8] {
    try expect(UInt8(ascii: "\""))
    var result: [UInt8] = []
    while true {
      guard let byte = current else { throw mistake }
      if byte == UInt8(ascii: "\"") {
        position += 1
        return result
      }
      if byte < 0x20 { throw mistake }
      if byte == UInt8(ascii: "\\") {
        position += 1
        result += try escape()
      } else {
        result += try character()
      }
    }
  }

  private mutating func escape() throws -> [UInt8] {
    guard let letter = current else { throw mistake }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): break
    default: throw mistake
    }
    var code = try fourHexDigits()
    if code >= 0xDC00 && code <= 0xDFFF { throw mistake }
    if code >= 0xD800 && code <= 0xDBFF {
      try expect(UInt8(ascii: "\\"))
      try expect(UInt8(ascii: "u"))
      let low = try fourHexDigits()
      if low < 0xDC00 || low > 0xDFFF { throw mistake }
      code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw mistake }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func fourHexDigits() throws -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw mistake
      }
      code = code * 16 + UInt32(digit)
      position += 1
    }
    return code
  }

  /// One unescaped character, by the table of well-formed sequences of RFC 3629 section 4.
  private mutating func character() throws -> [UInt8] {
    let first = bytes[position]
    let followers: [ClosedRange<UInt8>]
    switch first {
    case 0x00...0x7F: followers = []
    case 0xC2...0xDF: followers = [0x80...0xBF]
    case 0xE0: followers = [0xA0...0xBF, 0x80...0xBF]
    case 0xE1...0xEC, 0xEE...0xEF: followers = [0x80...0xBF, 0x80...0xBF]
    case 0xED: followers = [0x80...0x9F, 0x80...0xBF]
    case 0xF0: followers = [0x90...0xBF, 0x80...0xBF, 0x80...0xBF]
    case 0xF1...0xF3: followers = [0x80...0xBF, 0x80...0xBF, 0x80...0xBF]
    case 0xF4: followers = [0x80...0x8F, 0x80...0xBF, 0x80...0xBF]
    default: throw mistake
    }
    var sequence = [first]
    position += 1
    for range in followers {
      guard let byte = current, range.contains(byte) else { throw mistake }
      sequence.append(byte)
      position += 1
    }
    return sequence
  }
}
