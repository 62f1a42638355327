import LiveEvents

/// The entry point of libFuzzer: any bytes may come, the decoder must judge them as the plain reference does.
///
/// The sanitizer watches the memory. A difference ends the process with a sentence that says what differs.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let payload = UnsafeRawBufferPointer(start: data, count: count)
  let recordTimestamp: Int64 = count % 2 == 0 ? -1 : 1_592_308_800_000
  let seasoned = Finding.decode(payload, recordTimestamp, &veteran)
  var novice = EventDecoder(policy: policy)
  let fresh = Finding.decode(payload, recordTimestamp, &novice)
  require(seasoned == fresh, "an earlier event changed the result: \(seasoned), fresh: \(fresh)")

  let members = count <= EventDecoder.maxPayloadBytes ? ReferenceJSON.members(Array(payload)) : nil
  if count > EventDecoder.maxPayloadBytes {
    require(fresh.reason == .tooLarge, "too large, but \(fresh)")
  } else if let members {
    require(fresh.reason != .malformedJSON, "valid JSON was called malformed: \(fresh.detail)")
    check(fresh, members, recordTimestamp)
  } else {
    require(fresh.reason == .malformedJSON, "malformed JSON gave \(fresh)")
  }
  return 0
}

nonisolated(unsafe) private var veteran = EventDecoder(policy: policy)

private let policy = DecodingPolicy(
  reportingCurrency: CurrencyCode("CNY")!,
  rates: [
    CurrencyCode("USD")!: ConversionRate("7.10")!, CurrencyCode("JPY")!: ConversionRate("0.0463")!,
    CurrencyCode("CLF")!: ConversionRate("999999999999999")!,
  ],
  maxFutureMilliseconds: 300_000, hashed: Set(IdentifierField.allCases))

private func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}

/// A result, copied out of the decoder.
private struct Finding: Equatable {
  var reason: RejectReason?
  var detail = ""
  var type: EventType?
  var numbers: [Int64] = []
  var texts: [IdentifierField: [UInt8]] = [:]
  var hashes: [UInt64] = []

  static func decode(_ payload: UnsafeRawBufferPointer, _ timestamp: Int64, _ decoder: inout EventDecoder) -> Finding {
    var event = decoder.makeEvent()
    if let reason = decoder.decode(payload, recordTimestamp: timestamp, into: &event) {
      return Finding(reason: reason, detail: decoder.rejectDetail())
    }
    var finding = Finding(type: event.type)
    finding.numbers = [
      event.timestamp, event.amountMinor, Int64(event.currency), event.quantity, event.watchMilliseconds,
    ]
    for field in IdentifierField.allCases {
      let identifier = event[field]
      finding.hashes.append(identifier.hash)
      if identifier.length == 0 { continue }
      let text = UnsafeBufferPointer(start: identifier.bytes, count: Int(identifier.length))
      finding.texts[field] = Array(text)
      require(identifier.hash == IdentifierHash.hash(UnsafeRawBufferPointer(text)), "the hash of \(field) differs")
    }
    return finding
  }
}

/// Whether an event may have been judged so, given its members.
private func check(_ finding: Finding, _ members: [[UInt8]: ReferenceJSON.Value], _ recordTimestamp: Int64) {
  func value(_ key: String) -> ReferenceJSON.Value { members[Array(key.utf8)] ?? .null }

  if finding.reason != nil {
    require((1...200).contains(finding.detail.count), "detail of \(finding.detail.count) characters")
    require(
      finding.detail.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) },
      "control character in \(finding.detail)")
  }
  let expectedType: EventType?
  if case .text(let text) = value("type") {
    expectedType = EventType.allCases.first { Array($0.jsonName.utf8) == text }
    require((finding.reason == .unknownType) == (expectedType == nil), "unknown type: \(finding)")
  } else {
    require(finding.reason == (value("type") == .null ? .missingField : .badField), "no type: \(finding)")
    return
  }
  guard let type = expectedType else { return }
  let other: Set<IdentifierField> = type.isPurchase ? [.viewerID] : [.orderID, .buyerID]
  let needed: Set<IdentifierField> =
    type.isPurchase ? [.eventID, .sessionID, .orderID, .buyerID] : [.sessionID, .viewerID]
  var mustFail = false
  for field in IdentifierField.allCases {
    let found = value(field.jsonName)
    if other.contains(field) {
      require(finding.texts[field] == nil, "\(field) on \(type)")
    } else if case .text(let text) = found, (1...128).contains(text.count) {
      require(finding.reason != nil || finding.texts[field] == text, "\(field): \(finding)")
    } else {
      require(finding.texts[field] == nil, "\(field) appeared: \(finding)")
      if found != .null || needed.contains(field) { mustFail = true }
    }
  }
  func integer(_ key: String, _ allowed: ClosedRange<Int64>, _ absent: Int64) -> Int64? {
    switch value(key) {
    case .null: return absent
    case .number(let text):
      guard let number = Int64(text), allowed.contains(number) else { return nil }
      return number
    default: return nil
    }
  }
  let quantity = type.isPurchase ? integer("quantity", 1...1_000_000, 1) : 0
  let watch = type == .leave || type == .heartbeat ? integer("watch_ms", 0...Int64.max, 0) : 0
  if quantity == nil || watch == nil { mustFail = true }
  if mustFail { require(finding.reason == .missingField || finding.reason == .badField, "accepted: \(finding)") }
  guard finding.reason == nil else { return }

  require(finding.type == type, "type: \(finding)")
  require(finding.numbers[3] == quantity && finding.numbers[4] == watch, "numbers: \(finding)")
  require((0...253_402_300_799_999).contains(finding.numbers[0]), "timestamp: \(finding)")
  if case .number(let text) = value("ts") { require(finding.numbers[0] == Int64(text), "timestamp: \(finding)") }
  if value("ts") == .null { require(finding.numbers[0] == recordTimestamp, "timestamp: \(finding)") }
  require(recordTimestamp < 0 || finding.numbers[0] <= recordTimestamp + 300_000, "from the future: \(finding)")
  let codes = ["CNY", "USD", "JPY", "CLF"].map { Int64(CurrencyCode($0)!.packed) }
  require(type.isPurchase ? codes.contains(finding.numbers[2]) : finding.numbers[2] == 0, "currency: \(finding)")
  require(type.isPurchase ? finding.numbers[1] >= 0 : finding.numbers[1] == 0, "amount: \(finding)")
  if type.isPurchase, finding.numbers[2] == codes[0] {
    require(finding.numbers[1] < 1_000_000_000_000_000, "amount: \(finding)")
  }
}
