/// JSON strings as metric records print them.
enum JSONText {
  /// `text` as a JSON string with its quotes.
  static func quoted(_ text: String) -> String {
    String(decoding: text.withBytes(quoted), as: UTF8.self)
  }

  /// Valid UTF-8 as a JSON string with its quotes: only what RFC 8259 demands is escaped.
  static func quoted(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "\"")]
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        text += Array("\\u00".utf8)
        text += [hexDigit(byte >> 4), hexDigit(byte & 15)]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
    return text
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
