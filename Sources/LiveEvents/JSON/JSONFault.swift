/// Where and why a text is not the JSON object that it should be.
struct JSONFault {
  enum Kind: UInt8 {
    case empty, byteOrderMark, notAnObject, endsEarly, expectedKey, expectedColon, expectedCommaOrEnd, expectedValue
    case badNumber, badLiteral, controlCharacter, badUTF8, badEscape, loneSurrogate, tooDeep, trailingText
  }

  var kind: Kind = .empty
  /// Bytes from the start of the payload.
  var offset = 0

  var explanation: String {
    switch kind {
    case .empty: "the payload is empty, a JSON object is required"
    case .byteOrderMark: "a byte order mark is not allowed"
    case .notAnObject: "the text is not an object, it must begin with '{'"
    case .endsEarly: "the text ends before the object does"
    case .expectedKey: "a key in double quotes must stand here"
    case .expectedColon: "a ':' must follow the key"
    case .expectedCommaOrEnd: "a ',' or the closing bracket must follow the value"
    case .expectedValue: "a value must stand here"
    case .badNumber: "this is not a number as RFC 8259 writes them"
    case .badLiteral: "a bare word must be true, false or null"
    case .controlCharacter: "a control character in a string must be escaped"
    case .badUTF8: "the string is not valid UTF-8"
    case .badEscape: "this escape is not defined"
    case .loneSurrogate: "a surrogate escape must be followed by its other half"
    case .tooDeep: "values are nested deeper than \(JSONScanner.maxDepth)"
    case .trailingText: "nothing but white space may follow the object"
    }
  }
}
