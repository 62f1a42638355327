import LiveEvents
import WindowEngine

/// What one valid event says.
struct EventFacts {
  var type: EventType
  var ts: Int64
  var identifiers: [IdentifierField: [UInt8]] = [:]
  /// The event's own currency; `nil` on viewer events.
  var currency: String?
  /// The amount in the reporting currency's minor unit.
  var amountMinor: Int64 = 0
  var quantity: Int64 = 1
  var watchMilliseconds: Int64 = 0

  func value(of field: GroupField) -> [UInt8]? {
    if let identifier = field.identifier { return identifiers[identifier] }
    return currency.map { Array($0.utf8) }
  }
}

/// The rules of what an event is, in the order in which they are checked.
struct EventReading {
  static let maxBytes = 65_536
  static let maxTimestamp: Int64 = 253_402_300_799_999

  var currency: String
  var rates: [String: String]
  var maxFuture: Int64

  private struct Broken: Error {
    var reason: RejectReason
  }

  func read(_ input: OracleInput) -> Result<EventFacts, RejectFailure> {
    do {
      return .success(try facts(input))
    } catch let broken as Broken {
      return .failure(RejectFailure(reason: broken.reason))
    } catch {
      return .failure(RejectFailure(reason: .malformedJSON))
    }
  }

  private func facts(_ input: OracleInput) throws -> EventFacts {
    if input.bytes.count > Self.maxBytes { throw Broken(reason: .tooLarge) }
    guard case .object(let written) = try JSONReader.read(input.bytes) else { throw Broken(reason: .malformedJSON) }
    var members: [String: JSONValue] = [:]
    for (name, value) in written {
      if case .null = value { continue }
      // Only ASCII names are looked up, so that `String`'s canonical equivalence cannot matter.
      if name.allSatisfy({ $0 < 0x80 }) { members[String(decoding: name, as: UTF8.self)] = value }
    }
    let type = try eventType(members["type"])
    var facts = EventFacts(type: type, ts: try timestamp(members["ts"], recordTimestamp: input.recordTimestamp))
    for field in IdentifierField.allCases where isDefined(field, for: type) {
      if let value = members[field.jsonName] {
        guard case .string(let bytes) = value, bytes.count >= 1, bytes.count <= 128 else {
          throw Broken(reason: .badField)
        }
        facts.identifiers[field] = bytes
      } else if isRequired(field, for: type) {
        throw Broken(reason: .missingField)
      }
    }
    if type.isPurchase {
      if let value = members["quantity"] { facts.quantity = try integer(value, 1...1_000_000) }
      try readMoney(amount: members["amount"], code: members["currency"], into: &facts)
    }
    if type == .leave || type == .heartbeat, let value = members["watch_ms"] {
      facts.watchMilliseconds = try integer(value, 0...Int64.max)
    }
    if let recordTimestamp = input.recordTimestamp, facts.ts - recordTimestamp > maxFuture {
      throw Broken(reason: .fromFuture)
    }
    return facts
  }

  private func eventType(_ value: JSONValue?) throws -> EventType {
    guard let value else { throw Broken(reason: .missingField) }
    guard case .string(let bytes) = value else { throw Broken(reason: .badField) }
    guard let type = EventType.allCases.first(where: { Array($0.jsonName.utf8) == bytes }) else {
      throw Broken(reason: .unknownType)
    }
    return type
  }

  private func timestamp(_ value: JSONValue?, recordTimestamp: Int64?) throws -> Int64 {
    var ts: Int64?
    switch value {
    case nil:
      if recordTimestamp == nil { throw Broken(reason: .missingField) }
      ts = recordTimestamp
    case .number(let text): ts = Numeral(text)?.integer
    case .string(let text): ts = CalendarText.milliseconds(rfc3339: text)
    default: break
    }
    guard let ts, ts >= 0, ts <= Self.maxTimestamp else { throw Broken(reason: .badField) }
    return ts
  }

  private func isDefined(_ field: IdentifierField, for type: EventType) -> Bool {
    switch field {
    case .orderID, .buyerID: type.isPurchase
    case .viewerID: !type.isPurchase
    default: true
    }
  }

  private func isRequired(_ field: IdentifierField, for type: EventType) -> Bool {
    switch field {
    case .sessionID: true
    case .eventID, .orderID, .buyerID: type.isPurchase
    case .viewerID: !type.isPurchase
    default: false
    }
  }

  private func integer(_ value: JSONValue, _ range: ClosedRange<Int64>) throws -> Int64 {
    guard case .number(let text) = value, let number = Numeral(text)?.integer, range.contains(number) else {
      throw Broken(reason: .badField)
    }
    return number
  }

  private func readMoney(amount: JSONValue?, code: JSONValue?, into facts: inout EventFacts) throws {
    guard let amount else { throw Broken(reason: .missingField) }
    // Whatever is wrong from here on, with the amount or the currency, is the same reason.
    let broken = Broken(reason: .badField)
    var own = currency
    if let code {
      guard case .string(let bytes) = code else { throw broken }
      guard let known = ([currency] + rates.keys).first(where: { Array($0.utf8) == bytes }) else { throw broken }
      own = known
    }
    let text: [UInt8]
    switch amount {
    case .number(let bytes), .string(let bytes): text = bytes
    default: throw broken
    }
    let ownDigits = Currencies.minorDigits(own)
    guard let numeral = Numeral(text), !numeral.hasExponent, numeral.fraction.count <= ownDigits,
      numeral.whole.count <= 13, !numeral.isNegative || numeral.isZero
    else { throw broken }
    facts.currency = own
    var digits = numeral.whole + numeral.fraction + [UInt8](repeating: 0, count: ownDigits - numeral.fraction.count)
    if own != currency {
      guard let rate = Numeral(Array(rates[own]!.utf8)) else { preconditionFailure("rate of \(own) is no decimal") }
      digits = dropDigits(
        multiplyDigits(digits, rate.whole + rate.fraction),
        ownDigits + rate.fraction.count - Currencies.minorDigits(currency))
    }
    facts.amountMinor = saturatedInteger(digits)
  }
}

/// An event that is not counted, and why.
struct RejectFailure: Error {
  var reason: RejectReason
}

/// Fraction digits of the minor unit by ISO 4217, list one.
enum Currencies {
  static func minorDigits(_ code: String) -> Int {
    switch code {
    case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
      "XOF", "XPF":
      0
    case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
    case "CLF", "UYW": 4
    default: 2
    }
  }
}
