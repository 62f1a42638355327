/// RFC 8259 as plainly as it can be written: recursive, byte by byte, without any of the decoder's code.
struct ReferenceJSON {
  enum Value: Equatable {
    case null
    case text([UInt8])
    /// As it was written.
    case number(String)
    case other
  }

  private struct Malformed: Error {}

  /// The members of the object that the whole payload is, the last of a repeated key; nil where it is none.
  static func members(_ payload: [UInt8]) -> [[UInt8]: Value]? {
    var parser = ReferenceJSON(bytes: payload)
    guard let members = try? parser.document() else { return nil }
    return members
  }

  private let bytes: [UInt8]
  private var index = 0

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func take(_ character: Character) -> Bool {
    guard current == character.asciiValue else { return false }
    index += 1
    return true
  }

  private mutating func expect(_ character: Character) throws {
    if !take(character) { throw Malformed() }
  }

  private mutating func space() {
    while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
  }

  private mutating func document() throws -> [[UInt8]: Value] {
    space()
    let members = try object(depth: 1)
    space()
    if index < bytes.count { throw Malformed() }
    return members
  }

  private mutating func object(depth: Int) throws -> [[UInt8]: Value] {
    if depth > 128 { throw Malformed() }
    try expect("{")
    var members: [[UInt8]: Value] = [:]
    space()
    if take("}") { return members }
    repeat {
      space()
      let key = try string()
      space()
      try expect(":")
      space()
      members[key] = try value(depth: depth)
      space()
    } while take(",")
    try expect("}")
    return members
  }

  private mutating func array(depth: Int) throws {
    if depth > 128 { throw Malformed() }
    try expect("[")
    space()
    if take("]") { return }
    repeat {
      space()
      _ = try value(depth: depth)
      space()
    } while take(",")
    try expect("]")
  }

  private mutating func value(depth: Int) throws -> Value {
    switch current {
    case UInt8(ascii: "{"):
      _ = try object(depth: depth + 1)
      return .other
    case UInt8(ascii: "["):
      try array(depth: depth + 1)
      return .other
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try word("true", .other)
    case UInt8(ascii: "f"): return try word("false", .other)
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func word(_ word: String, _ value: Value) throws -> Value {
    for character in word { try expect(character) }
    return value
  }

  private mutating func digits() throws -> Int {
    let start = index
    while let byte = current, (0x30...0x39).contains(byte) { index += 1 }
    if index == start { throw Malformed() }
    return index - start
  }

  private mutating func number() throws -> String {
    let start = index
    _ = take("-")
    let first = current
    if try digits() > 1 && first == UInt8(ascii: "0") { throw Malformed() }
    if take(".") { _ = try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      _ = try digits()
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  private mutating func string() throws -> [UInt8] {
    try expect("\"")
    var text: [UInt8] = []
    while true {
      guard let byte = current, byte >= 0x20 else { throw Malformed() }
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        if String(validating: text, as: UTF8.self) == nil { throw Malformed() }
        return text
      case UInt8(ascii: "\\"): try escape(into: &text)
      default: text.append(byte)
      }
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard let byte = current else { throw Malformed() }
    index += 1
    let plain: [Character: UInt8] = [
      "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
    ]
    if let meaning = plain[Character(UnicodeScalar(byte))] {
      text.append(meaning)
    } else if byte == UInt8(ascii: "u") {
      var units = [try hexUnit()]
      if (0xD800...0xDBFF).contains(units[0]) {
        try expect("\\")
        try expect("u")
        units.append(try hexUnit())
      }
      guard let decoded = String(validating: units, as: UTF16.self) else { throw Malformed() }
      text += Array(decoded.utf8)
    } else {
      throw Malformed()
    }
  }

  private mutating func hexUnit() throws -> UInt16 {
    guard index + 4 <= bytes.count else { throw Malformed() }
    let hex = bytes[index..<(index + 4)]
    guard hex.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit && $0 < 0x80 }) else { throw Malformed() }
    index += 4
    return UInt16(String(decoding: hex, as: UTF8.self), radix: 16)!
  }
}
