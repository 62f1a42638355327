import LiveEvents

/// What a decode gave, copied out of the decoder so that two of them can be compared.
struct Outcome: Equatable {
  var reason: RejectReason?
  var type: EventType?
  var timestamp: Int64 = 0
  var amountMinor: Int64 = 0
  var currency: UInt32 = 0
  var quantity: Int64 = 0
  var watchMilliseconds: Int64 = 0
  var texts: [IdentifierField: [UInt8]] = [:]
  var hashes: [IdentifierField: UInt64] = [:]

  func text(_ field: IdentifierField) -> String? { texts[field].map { String(decoding: $0, as: UTF8.self) } }
}

extension DecodingPolicy {
  static let yuan = DecodingPolicy(
    reportingCurrency: CurrencyCode("CNY")!,
    rates: [
      CurrencyCode("USD")!: ConversionRate("7.10")!, CurrencyCode("JPY")!: ConversionRate("0.0463")!,
      CurrencyCode("KWD")!: ConversionRate("23.3")!, CurrencyCode("CLF")!: ConversionRate("267.125")!,
    ], maxFutureMilliseconds: 300_000, hashed: Set(IdentifierField.allCases))
}

extension EventDecoder {
  /// Decodes bytes and copies what came out of it.
  mutating func outcome(_ payload: [UInt8], recordTimestamp: Int64 = -1) -> Outcome {
    payload.withUnsafeBytes { outcome($0, recordTimestamp: recordTimestamp) }
  }

  mutating func outcome(_ payload: UnsafeRawBufferPointer, recordTimestamp: Int64 = -1) -> Outcome {
    var event = makeEvent()
    if let reason = decode(payload, recordTimestamp: recordTimestamp, into: &event) { return Outcome(reason: reason) }
    var result = Outcome(
      type: event.type, timestamp: event.timestamp, amountMinor: event.amountMinor, currency: event.currency,
      quantity: event.quantity, watchMilliseconds: event.watchMilliseconds)
    for field in IdentifierField.allCases where event[field].length > 0 {
      result.texts[field] = Array(UnsafeBufferPointer(start: event[field].bytes, count: Int(event[field].length)))
      result.hashes[field] = event[field].hash
    }
    return result
  }
}

/// Decodes one text with a fresh decoder.
func decode(_ json: String, recordTimestamp: Int64 = -1, policy: DecodingPolicy = .yuan) -> Outcome {
  var decoder = EventDecoder(policy: policy)
  return decoder.outcome(Array(json.utf8), recordTimestamp: recordTimestamp)
}

/// The detail that comes with a rejection.
func detail(_ json: String, recordTimestamp: Int64 = -1) -> String {
  var decoder = EventDecoder(policy: .yuan)
  _ = decoder.outcome(Array(json.utf8), recordTimestamp: recordTimestamp)
  return decoder.rejectDetail()
}

/// The members of an event's object, in order, each value as JSON text.
struct Members: ExpressibleByDictionaryLiteral {
  var list: [(key: String, value: String)]

  init(dictionaryLiteral elements: (String, String)...) { list = elements.map { ($0.0, $0.1) } }

  /// A purchase with every field.
  static let purchase: Members = [
    "type": #""paid""#, "event_id": #""e-1""#, "session_id": #""s00042""#, "host_id": #""h042""#, "mcn_id": #""m07""#,
    "brand_id": #""b012""#, "product_id": #""p01234""#, "category_id": #""c05""#, "channel": #""kuaishou""#,
    "region": #""GD""#, "order_id": #""o-77""#, "buyer_id": #""u123456""#, "quantity": "2", "amount": #""129.90""#,
    "currency": #""CNY""#, "ts": "1592308800123",
  ]
  /// A viewer event with every field.
  static let viewer: Members = [
    "type": #""heartbeat""#, "event_id": #""v-1""#, "session_id": #""s00042""#, "host_id": #""h042""#,
    "mcn_id": #""m07""#, "brand_id": #""b012""#, "product_id": #""p01234""#, "category_id": #""c05""#,
    "channel": #""kuaishou""#, "region": #""GD""#, "viewer_id": #""u123456""#, "watch_ms": "15000",
    "ts": "1592308800123",
  ]

  /// With another value for a key, or a further key.
  func with(_ key: String, _ value: String) -> Members {
    var copy = self
    if let index = copy.list.firstIndex(where: { $0.key == key }) {
      copy.list[index].value = value
    } else {
      copy.list.append((key, value))
    }
    return copy
  }

  func without(_ keys: String...) -> Members {
    var copy = self
    copy.list.removeAll { keys.contains($0.key) }
    return copy
  }

  var json: String { "{" + list.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}" }
}

/// A generator with a seed, so that a failure can be seen again (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
