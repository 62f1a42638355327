/// A slice of text of an event.
///
/// It points into the decoder's own memory, so it is valid until the decoder's next `decode`.
public struct Identifier {
  /// The first byte, UTF-8 without escapes; meaningless when `length` is 0.
  public var bytes: UnsafePointer<UInt8>?
  /// Bytes, 1...128; 0 where the event does not have the field.
  public var length: Int32
  /// ``IdentifierHash/hash(_:)`` of the bytes where the policy asks for it, otherwise 0.
  public var hash: UInt64

  /// An identifier by its parts; without arguments an absent one.
  public init(bytes: UnsafePointer<UInt8>? = nil, length: Int32 = 0, hash: UInt64 = 0) {
    self.bytes = bytes
    self.length = length
    self.hash = hash
  }
}

/// One decoded event: plain values and a table of identifiers.
///
/// The table belongs to the decoder that filled the event and changes with its next `decode`. Make one with
/// ``EventDecoder/makeEvent()`` and reuse it.
public struct Event {
  /// What happened.
  public var type: EventType
  /// Event time, milliseconds since the epoch, 0...253402300799999.
  public var timestamp: Int64
  /// The amount in minor units of the reporting currency, converted where the event has another; 0 for viewer events.
  public var amountMinor: Int64
  /// The event's own currency, ``CurrencyCode/packed``; 0 for viewer events.
  public var currency: UInt32
  /// Units bought, 1...1 000 000; 0 for viewer events.
  public var quantity: Int64
  /// Milliseconds watched since the viewer's last report, on `leave` and `heartbeat`, otherwise 0.
  public var watchMilliseconds: Int64
  /// One entry per ``IdentifierField``, at its raw value.
  public var identifiers: UnsafeMutablePointer<Identifier>

  /// An event over a table of `IdentifierField.allCases.count` initialized entries, which must outlive it.
  public init(
    type: EventType, timestamp: Int64, amountMinor: Int64 = 0, currency: UInt32 = 0, quantity: Int64 = 0,
    watchMilliseconds: Int64 = 0, identifiers: UnsafeMutablePointer<Identifier>
  ) {
    self.type = type
    self.timestamp = timestamp
    self.amountMinor = amountMinor
    self.currency = currency
    self.quantity = quantity
    self.watchMilliseconds = watchMilliseconds
    self.identifiers = identifiers
  }

  /// The identifier of a field; its `length` is 0 where the event has none.
  @inlinable public subscript(field: IdentifierField) -> Identifier { identifiers[field.rawValue] }
}
