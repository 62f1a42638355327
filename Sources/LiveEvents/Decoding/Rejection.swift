/// The last rejection, kept so that its sentence costs nothing until somebody asks for it.
struct Rejection {
  /// Bytes of the found value that the sentence repeats.
  private static let maxQuotedBytes = 40

  private var reason: RejectReason?
  private var key: EventKey?
  private var limit: Int64?
  private var found: Int64 = 0
  /// The start of the value's JSON text.
  private var quoted: [UInt8] = []
  private var isQuoteCut = false

  init() {}

  init(_ reason: RejectReason, key: EventKey? = nil, limit: Int64? = nil, found: Int64 = 0) {
    self.reason = reason
    self.key = key
    self.limit = limit
    self.found = found
  }

  mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
    quoted = Array(text.prefix(Rejection.maxQuotedBytes))
    isQuoteCut = text.count > quoted.count
    // A character that was cut in the middle is left out.
    if isQuoteCut, text[quoted.count] & 0xC0 == 0x80 {
      while let last = quoted.popLast(), last & 0xC0 == 0x80 {}
    }
  }

  func text(fault: JSONFault) -> String {
    guard let reason else { return "" }
    let name = key?.jsonName ?? ""
    switch reason {
    case .tooLarge: return "The event has \(found) bytes; at most \(limit ?? 0) are allowed."
    case .malformedJSON: return "Malformed JSON at byte \(fault.offset): \(fault.explanation)."
    case .missingField: return "'\(name)' is missing; \(key?.requirement ?? "")."
    case .unknownType: return "'type' is \(quotedText); allowed are \(Rejection.typeNames)."
    case .badField where limit != nil:
      return "'ts' is missing and the record's timestamp is \(found); allowed is 0 to \(limit ?? 0)."
    case .badField: return "'\(name)' is \(quotedText); \(key?.requirement ?? "")."
    case .fromFuture:
      return "'ts' is \(found) ms ahead of the record's timestamp; at most \(limit ?? 0) ms are allowed."
    case .tooLate, .duplicate: return ""
    }
  }

  private static let typeNames = EventDecoder.namesOfTypes.joined(separator: ", ")

  /// The value's text with `?` for characters that would disturb a terminal or a log.
  private var quotedText: String {
    let scalars = String(decoding: quoted, as: UTF8.self).unicodeScalars.map { scalar -> Character in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: "?"
      default: Character(scalar)
      }
    }
    return String(scalars) + (isQuoteCut ? "..." : "")
  }
}

extension EventKey {
  /// What a value of this key must be, in a few words.
  fileprivate var requirement: String {
    switch self {
    case .type: "a string is required"
    case .timestamp:
      "required are milliseconds from 0 to \(InternetTime.latest) or an RFC 3339 time, unless the record has one"
    case .quantity: "an integer from 1 to \(EventDecoder.maxQuantity) is required"
    case .amount:
      "required is a decimal from 0 to below 10^\(DecimalText.maxWholeDigits), without exponent, "
        + "with no more digits than the currency has"
    case .currency: "the ISO 4217 code of a currency that has a rate is required"
    case .watchMilliseconds: "an integer from 0 to \(Int64.max) is required"
    default: "a string of 1 to \(EventDecoder.maxIdentifierBytes) bytes is required"
    }
  }
}
