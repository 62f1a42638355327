// Invariant: the memory below is allocated in init, belongs to this value alone (it cannot be copied) and is freed in
// deinit. Texts lie in `textMemory` or in `memory.unescaped`, where 16 bytes can be read from the start of each, and
// nobody reads them after the next decode begins.

/// Reads events from JSON, one at a time, without allocating.
///
/// ```swift
/// var decoder = EventDecoder(policy: policy)
/// var event = decoder.makeEvent()
/// if let reason = decoder.decode(payload, recordTimestamp: record.timestamp, into: &event) {
///   reject(payload, reason, detail: decoder.rejectDetail())
/// } else {
///   count(event)
/// }
/// ```
///
/// One decoder belongs to one thread at a time. It remembers in which order the keys of the last events came, which
/// makes it fast when the next ones agree; no result depends on that.
public struct EventDecoder: ~Copyable {
  /// A larger payload is ``RejectReason/tooLarge``, bytes.
  public static let maxPayloadBytes = 65_536
  /// The longest identifier, bytes of UTF-8 after unescaping.
  public static let maxIdentifierBytes = 128
  /// The largest `quantity`; the smallest is 1.
  public static let maxQuantity: Int64 = 1_000_000

  /// `EventType.jsonName` of all cases.
  static let namesOfTypes = EventType.allCases.map(\.jsonName)

  /// How many converted amounts passed Int64 minor units and were cut to `Int64.max`, since the decoder was made.
  public private(set) var saturated: UInt64 = 0

  let memory = DecoderMemory()
  /// The payload that was read last, and its index.
  private let textMemory = TextMemory(capacity: EventDecoder.maxPayloadBytes)
  var patterns: KeyPatterns
  let keyNames = NameTable(EventKey.allCases.map(\.jsonName))
  let typeNames = NameTable(EventDecoder.namesOfTypes)
  let currencies: CurrencyTable
  let reportingCurrency: UInt32
  let maxFutureMilliseconds: Int64
  /// The identifiers whose hashes are wanted.
  private let hashed: EventKeySet

  /// The identifiers that may have a length other than 0.
  private var filled = EventKeySet(rawValue: 0)
  private var rejection = Rejection()

  /// A decoder with memory of its own: about 90 KiB, and up to 256 KiB more once a payload needs them.
  public init(policy: DecodingPolicy) {
    patterns = KeyPatterns(memory)
    hashed = EventKeySet(policy.hashed)
    currencies = CurrencyTable(policy: policy)
    reportingCurrency = policy.reportingCurrency.packed
    maxFutureMilliseconds = policy.maxFutureMilliseconds
  }

  deinit { memory.free() }

  /// An event without identifiers, to be filled by ``decode(_:recordTimestamp:into:)``.
  ///
  /// All events of one decoder share its table of identifiers.
  public mutating func makeEvent() -> Event {
    clear(keeping: EventKeySet(rawValue: 0))
    return Event(type: .enter, timestamp: 0, identifiers: memory.texts)
  }

  /// Reads one JSON object.
  ///
  /// - Parameters:
  ///   - payload: the bytes of the event, UTF-8; they are copied.
  ///   - recordTimestamp: the Kafka record's timestamp, milliseconds since the epoch; negative where there is none.
  ///   - event: filled where the result is nil, otherwise not to be used.
  /// - Returns: nil, or why the event does not count; ``rejectDetail()`` then says more. Never `.tooLate` or
  ///   `.duplicate`, which need more than one event to judge.
  public mutating func decode(
    _ payload: UnsafeRawBufferPointer, recordTimestamp: Int64, into event: inout Event
  ) -> RejectReason? {
    guard payload.count <= EventDecoder.maxPayloadBytes else {
      rejection = Rejection(.tooLarge, limit: Int64(EventDecoder.maxPayloadBytes), found: Int64(payload.count))
      return .tooLarge
    }
    guard payload.count > 0 else {
      memory.fault.pointee = JSONFault()
      rejection = Rejection(.malformedJSON)
      return .malformedJSON
    }
    let text = textMemory.copy(payload)
    let scanner = JSONScanner(text, fault: memory.fault)
    let members = readMembers(text, scanner)
    filled.formUnion(members.touched.intersection(.identifiers))
    guard members.isValid else {
      rejection = Rejection(.malformedJSON)
      return .malformedJSON
    }
    return judge(members, recordTimestamp: recordTimestamp, scanner, into: &event)
  }

  /// One sentence about the last rejection: the field, what was found, what is allowed; of malformed JSON the byte
  /// offset. At most 200 characters, none of them a control character. Empty before the first rejection.
  public func rejectDetail() -> String { rejection.text(fault: memory.fault.pointee) }

  /// Checks the values in the contract's order, once the text is known to be valid.
  @inline(__always)
  private mutating func judge(
    _ members: MemberSet, recordTimestamp: Int64, _ scanner: JSONScanner, into event: inout Event
  ) -> RejectReason? {
    let present = members.present.rawValue
    guard present & EventKeySet(.type).rawValue != 0, members.bad.rawValue & EventKeySet(.type).rawValue == 0,
      let type = namedType()
    else {
      return rejectType(members, scanner)
    }
    var defined: EventKeySet
    var failed: UInt32
    if type.isPurchase {
      defined = .purchase
      failed = EventKeySet.requiredOfPurchase.rawValue & ~present | members.bad.rawValue & defined.rawValue
      let code = present & EventKeySet(.currency).rawValue == 0 ? reportingCurrency : namedCurrency()
      event.currency = code
      event.quantity = present & EventKeySet(.quantity).rawValue == 0 ? 1 : memory.values.pointee.quantity
      if event.quantity < 1 || event.quantity > EventDecoder.maxQuantity { failed |= EventKeySet(.quantity).rawValue }
      event.watchMilliseconds = 0
      if failed & (EventKeySet(.currency).rawValue | EventKeySet(.amount).rawValue) == 0 {
        if let amount = convertedAmount(code) {
          event.amountMinor = amount
        } else {
          failed |= refusedMoney(code).rawValue
        }
      }
    } else {
      defined = .viewer
      event.currency = 0
      event.quantity = 0
      event.amountMinor = 0
      event.watchMilliseconds = 0
      if type == .leave || type == .heartbeat {
        defined.insert(EventKeySet(.watchMilliseconds))
        if present & EventKeySet(.watchMilliseconds).rawValue != 0 {
          event.watchMilliseconds = memory.values.pointee.watchMilliseconds
        }
      }
      failed = EventKeySet.requiredOfViewer.rawValue & ~present | members.bad.rawValue & defined.rawValue
    }
    if present & EventKeySet(.timestamp).rawValue == 0 {
      if recordTimestamp < 0 || recordTimestamp > InternetTime.latest { failed |= EventKeySet(.timestamp).rawValue }
      event.timestamp = recordTimestamp
    } else {
      event.timestamp = memory.values.pointee.timestamp
      if event.timestamp > InternetTime.latest { failed |= EventKeySet(.timestamp).rawValue }
    }
    guard failed == 0 else {
      return rejectFirst(of: EventKeySet(rawValue: failed), members, recordTimestamp, scanner)
    }
    if recordTimestamp >= 0, event.timestamp &- recordTimestamp > maxFutureMilliseconds {
      rejection = Rejection(
        .fromFuture, key: .timestamp, limit: maxFutureMilliseconds, found: event.timestamp &- recordTimestamp)
      return .fromFuture
    }
    event.type = type
    event.identifiers = memory.texts
    clear(keeping: EventKeySet(rawValue: present & defined.rawValue))
    hash(EventKeySet(rawValue: present & defined.rawValue & hashed.rawValue))
    return nil
  }

  /// The type that the text of `type` names.
  @inline(__always)
  private func namedType() -> EventType? {
    let text = memory.type.pointee
    let length = Int(text.length)
    guard let bytes = text.bytes, length <= NameTable.longestName else { return nil }
    let (low, high) = ByteWords.load(bytes, length: length)
    return EventType(rawValue: typeNames.find(low: low, high: high, count: length))
  }

  /// The code of `currency`, ``CurrencyCode/packed``; 0, which is none, where it has not three bytes.
  @inline(__always)
  private func namedCurrency() -> UInt32 {
    let text = memory.currency.pointee
    guard let bytes = text.bytes, text.length == 3 else { return 0 }
    return UInt32(bytes[0]) &<< 16 | UInt32(bytes[1]) &<< 8 | UInt32(bytes[2])
  }

  /// The amount in the reporting currency's minor units; nil where currency or amount are not allowed.
  @inline(__always)
  private mutating func convertedAmount(_ code: UInt32) -> Int64? {
    guard let conversion = currencies.find(code) else { return nil }
    let amount = memory.values.pointee.amount
    let places = conversion.pointee.minorDigits &- amount.fractionDigits
    guard places >= 0 else { return nil }
    let minor = amount.digits &* CurrencyTable.smallPowerOfTen(places)
    if !conversion.pointee.isNeeded { return Int64(truncatingIfNeeded: minor) }
    if let converted = conversion.pointee.convert(minor) { return converted }
    saturated &+= 1
    return .max
  }

  private func refusedMoney(_ code: UInt32) -> EventKeySet {
    currencies.find(code) == nil ? EventKeySet(.currency) : EventKeySet(.amount)
  }

  /// Makes the entries of other keys absent.
  @inline(__always)
  private mutating func clear(keeping kept: EventKeySet) {
    var stale = (filled.rawValue & ~kept.rawValue) &>> UInt32(EventKey.firstIdentifier)
    while stale != 0 {
      memory.texts[stale.trailingZeroBitCount] = Identifier()
      stale &= stale &- 1
    }
    filled = kept
    filled.formIntersection(.identifiers)
  }

  /// Hashes the identifiers of some keys.
  @inline(__always)
  private func hash(_ keys: EventKeySet) {
    var left = keys.rawValue &>> UInt32(EventKey.firstIdentifier)
    while left != 0 {
      let identifier = memory.texts + left.trailingZeroBitCount
      left &= left &- 1
      let bytes = identifier.pointee.bytes.unsafelyUnwrapped
      let length = Int(identifier.pointee.length)
      if length <= 16 {
        let (low, high) = ByteWords.load(bytes, length: length)
        identifier.pointee.hash = IdentifierHash.hash(low: low, high: high, count: length)
      } else {
        identifier.pointee.hash = IdentifierHash.hash(UnsafeRawBufferPointer(start: bytes, count: length))
      }
    }
  }

  @inline(never)
  private mutating func rejectType(_ members: MemberSet, _ scanner: JSONScanner) -> RejectReason {
    let reason: RejectReason =
      !members.present.contains(EventKeySet(.type))
      ? .missingField : members.bad.contains(EventKeySet(.type)) ? .badField : .unknownType
    rejection = Rejection(reason, key: .type)
    if reason != .missingField { rejection.quote(lastValue(of: .type, scanner)) }
    return reason
  }

  @inline(never)
  private mutating func rejectFirst(
    of failed: EventKeySet, _ members: MemberSet, _ recordTimestamp: Int64, _ scanner: JSONScanner
  ) -> RejectReason {
    let key = failed.first!
    if members.present.contains(EventKeySet(key)) {
      rejection = Rejection(.badField, key: key)
      rejection.quote(lastValue(of: key, scanner))
      return .badField
    }
    if key == .timestamp && recordTimestamp >= 0 {
      rejection = Rejection(.badField, key: key, limit: InternetTime.latest, found: recordTimestamp)
      return .badField
    }
    rejection = Rejection(.missingField, key: key)
    return .missingField
  }
}
