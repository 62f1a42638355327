// Invariant: every pointer has the number of initialized entries that is named there, from init to `free`. An unescaped
// text has a room behind it, the key's, so that 16 bytes can be read from its start.

/// Where a decoder puts what it reads: places that do not move when the decoder does.
struct DecoderMemory {
  /// One entry per ``IdentifierField``, then the texts of `type` and `currency`.
  let texts: UnsafeMutablePointer<Identifier>
  let values: UnsafeMutablePointer<EventValues>
  /// Room for what has escapes: the text of each ``EventKey``, then a key; `maxIdentifierBytes` each.
  let unescaped: UnsafeMutablePointer<UInt8>
  let fault: UnsafeMutablePointer<JSONFault>

  init() {
    let count = IdentifierField.allCases.count + 2
    texts = .allocate(capacity: count)
    texts.initialize(repeating: Identifier(), count: count)
    values = .allocate(capacity: 1)
    values.initialize(to: EventValues())
    let bytes = (EventKey.allCases.count + 1) * EventDecoder.maxIdentifierBytes
    unescaped = .allocate(capacity: bytes)
    unescaped.initialize(repeating: 0, count: bytes)
    fault = .allocate(capacity: 1)
    fault.initialize(to: JSONFault())
  }

  func free() {
    texts.deallocate()
    values.deallocate()
    unescaped.deallocate()
    fault.deallocate()
  }

  var type: UnsafeMutablePointer<Identifier> { texts + IdentifierField.allCases.count }
  var currency: UnsafeMutablePointer<Identifier> { texts + (IdentifierField.allCases.count + 1) }

  /// Where the text of a key goes that has one.
  func text(_ key: EventKey) -> UnsafeMutablePointer<Identifier>? {
    key == .type ? type : key == .currency ? currency : (key.identifier).map { texts + $0.rawValue }
  }

  /// Where the integer of a key goes that has one.
  func integer(_ key: EventKey) -> UnsafeMutablePointer<Int64>? {
    switch key {
    case .timestamp: field(\.timestamp)
    case .quantity: field(\.quantity)
    case .watchMilliseconds: field(\.watchMilliseconds)
    default: nil
    }
  }

  private func field(_ path: PartialKeyPath<EventValues>) -> UnsafeMutablePointer<Int64> {
    (UnsafeMutableRawPointer(values) + MemoryLayout<EventValues>.offset(of: path)!).assumingMemoryBound(to: Int64.self)
  }
}
