/// A scan over the members of one JSON object without building it.
///
/// Records are about 1 kB and arrive by the thousand; a board needs three or four of their fields.
/// Only the outermost object is taken apart, a member's value is given as the range of its text.
struct RecordFields {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Calls `body` with the name and the value text of each member, in order, until it returns false.
  ///
  /// - Returns: False where the text stops being a JSON object before `body` had enough.
  @discardableResult
  func visit(_ body: (_ name: Slice<UnsafeBufferPointer<UInt8>>, _ value: Slice<UnsafeBufferPointer<UInt8>>) -> Bool)
    -> Bool
  {
    bytes.withUnsafeBufferPointer { text in
      var scan = ObjectScan(text: text)
      guard scan.open() else { return false }
      while let name = scan.nextName() {
        guard let value = scan.value() else { return false }
        if !body(text[name], text[value]) { return true }
      }
      return scan.closed
    }
  }

  /// The value texts of the named members, in the order of `names`; nil where one is absent.
  func texts(of names: [StaticString]) -> [String?] {
    var found = [String?](repeating: nil, count: names.count)
    visit { name, value in
      if let index = names.firstIndex(where: { name.isEqual(to: $0) }) {
        found[index] = String(decoding: value, as: UTF8.self)
      }
      return true
    }
    return found
  }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
  func isEqual(to name: StaticString) -> Bool {
    count == name.utf8CodeUnitCount && name.withUTF8Buffer { elementsEqual($0) }
  }

  /// The decimal number in this text, for ordering; exponents are not written by the engine and give nil.
  var number: Double? {
    var rest = self[...]
    let negative = rest.first == UInt8(ascii: "-")
    if negative { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    var value = 0.0
    var scale = 1.0
    var inFraction = false
    for byte in rest {
      if byte == UInt8(ascii: "."), !inFraction {
        inFraction = true
      } else if case 0x30...0x39 = byte {
        value = value * 10 + Double(byte - 0x30)
        if inFraction { scale *= 10 }
      } else {
        return nil
      }
    }
    return (negative ? -value : value) / scale
  }
}

/// The position in the text of one object.
private struct ObjectScan {
  let text: UnsafeBufferPointer<UInt8>
  var at = 0
  /// The closing brace was reached and nothing but white space follows it.
  var closed = false

  init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

  mutating func open() -> Bool { take(UInt8(ascii: "{")) }

  /// The next member's name, without its quotes; nil at the end or where there is none.
  mutating func nextName() -> Range<Int>? {
    _ = take(UInt8(ascii: ","))
    if take(UInt8(ascii: "}")) {
      skipSpace()
      closed = at == text.count
      return nil
    }
    guard at < text.count, text[at] == UInt8(ascii: "\""), let name = string() else { return nil }
    guard take(UInt8(ascii: ":")) else { return nil }
    return (name.lowerBound + 1)..<(name.upperBound - 1)
  }

  /// The text of the value at this position, a string with its quotes.
  mutating func value() -> Range<Int>? {
    skipSpace()
    guard at < text.count else { return nil }
    switch text[at] {
    case UInt8(ascii: "\""): return string()
    case UInt8(ascii: "{"), UInt8(ascii: "["): return nested()
    default: return scalar()
    }
  }

  private mutating func string() -> Range<Int>? {
    let start = at
    at += 1
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "\\"): at += 2
      case UInt8(ascii: "\""):
        at += 1
        return start..<at
      default: at += 1
      }
    }
    return nil
  }

  private mutating func nested() -> Range<Int>? {
    let start = at
    var depth = 0
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "\""):
        guard string() != nil else { return nil }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 {
          at += 1
          return start..<at
        }
      default: break
      }
      at += 1
    }
    return nil
  }

  private mutating func scalar() -> Range<Int>? {
    let start = at
    scan: while at < text.count {
      switch text[at] {
      case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D: break scan
      default: at += 1
      }
    }
    return at > start ? start..<at : nil
  }

  /// Steps over `byte` and the white space around it.
  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard at < text.count, text[at] == byte else { return false }
    at += 1
    skipSpace()
    return true
  }

  private mutating func skipSpace() {
    while at < text.count, text[at] == 0x20 || (0x09...0x0D).contains(text[at]) { at += 1 }
  }
}
