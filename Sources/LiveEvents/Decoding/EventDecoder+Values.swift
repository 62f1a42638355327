// Invariant: a key's room in `memory.unescaped` has `maxIdentifierBytes` bytes, one room per `EventKey` and one for keys; places
// are in [start, end] of the scanner, which checks every byte that it reads.

/// The road for values that are long, escaped, spaced, of another kind or wrong.
///
/// A text begins behind its quote; any other value may have white space in front of it.
extension EventDecoder {
  /// From the start of the payload to the opening brace.
  @inline(never)
  func openObject(_ scanner: JSONScanner) -> Place? {
    let place = scanner.skipWhitespace(scanner.start)
    if place < scanner.end, place.pointee == UInt8(ascii: "{") { return place }
    let hasMark = scanner.end - place >= 3 && place[0] == 0xEF && place[1] == 0xBB && place[2] == 0xBF
    scanner.fail(hasMark ? .byteOrderMark : .notAnObject, at: place)
    return nil
  }

  /// A member's key and the place of its value.
  struct Member {
    var value: Place?
    /// ``EventKey/rawValue`` or ``KeyPatterns/unknown``.
    var key = KeyPatterns.unknown
    /// There is no further member, and the text ends as it should.
    var isEnd = false
  }

  /// From a separator to the value of the key behind it, whatever stands between them; or the end of the text.
  @inline(never)
  mutating func findKey(_ place: Place, isFirst: Bool, _ scanner: JSONScanner) -> Member {
    let end = scanner.end
    var place = scanner.skipWhitespace(place)
    if isFirst || (place < end && place.pointee == UInt8(ascii: ",")) {
      place = scanner.skipWhitespace(place + 1)
      if isFirst, place < end, place.pointee == UInt8(ascii: "}") { return endObject(place, scanner) }
    } else if place < end, place.pointee == UInt8(ascii: "}") {
      return endObject(place, scanner)
    } else {
      scanner.fail(.expectedCommaOrEnd, at: place)
      return Member()
    }
    guard place < end, place.pointee == UInt8(ascii: "\"") else {
      scanner.fail(.expectedKey, at: place)
      return Member()
    }
    guard let string = scanner.skipString(place + 1), let value = scanner.skipColon(string.close + 1) else {
      return Member()
    }
    patterns.expect(spaces: (value - 1).pointee == 0x20)
    let text = unescaped(place + 1, string, room: KeyPatterns.unknown, scanner)
    return Member(value: value, key: key(named: text))
  }

  private func endObject(_ brace: Place, _ scanner: JSONScanner) -> Member {
    let place = scanner.skipWhitespace(brace + 1)
    guard place == scanner.end else {
      scanner.fail(.trailingText, at: place)
      return Member()
    }
    return Member(value: nil, isEnd: true)
  }

  /// The key that some text names, or ``KeyPattern/unknown``.
  private func key(named text: UnsafeBufferPointer<UInt8>?) -> UInt8 {
    guard let text, let base = text.baseAddress, (1...NameTable.longestName).contains(text.count) else {
      return KeyPatterns.unknown
    }
    let words = ByteWords.load(base, count: text.count)
    let index = keyNames.find(low: words.low, high: words.high, count: text.count)
    return index == NameTable.absent ? KeyPatterns.unknown : index
  }

  /// What a string stands for: its bytes in the payload, or without escapes in a key's room.
  ///
  /// Nil where it has escapes and does not fit there.
  private func unescaped(
    _ place: Place, _ string: JSONScanner.StringEnd, room: UInt8, _ scanner: JSONScanner
  ) -> UnsafeBufferPointer<UInt8>? {
    guard string.hasEscapes else { return UnsafeBufferPointer(start: place, count: string.close - place) }
    let room = memory.unescaped + Int(room) * EventDecoder.maxIdentifierBytes
    let count = scanner.unescape(place, to: string.close, into: room, capacity: EventDecoder.maxIdentifierBytes)
    return count.map { UnsafeBufferPointer(start: room, count: $0) }
  }

  /// The value of any key, at its first byte.
  @inline(never)
  mutating func readMember(_ place: Place, _ pattern: KeyPattern.Table, _ scanner: JSONScanner) -> ValueReading {
    if pattern.pointee.text == nil { return readValue(place, pattern.pointee.key, scanner) }
    guard place < scanner.end, place.pointee == UInt8(ascii: "\"") else {
      return EventDecoder.readOther(place, scanner)
    }
    return readText(place + 1, pattern, scanner)
  }

  /// A value that is not of the kind its key wants: null, or bad.
  static func readOther(_ place: Place, _ scanner: JSONScanner) -> ValueReading {
    guard let next = scanner.skipValue(place, depth: 1) else { return .malformed }
    return ValueReading(next: next, outcome: place.pointee == UInt8(ascii: "n") ? .null : .bad)
  }

  /// The value of a key that holds no text, or means nothing.
  @inline(never)
  mutating func readValue(_ place: Place, _ key: UInt8, _ scanner: JSONScanner) -> ValueReading {
    switch key {
    case EventKey.timestamp.rawValue: readTimestamp(place, scanner)
    case EventKey.quantity.rawValue:
      EventDecoder.readInteger(
        place, 1...EventDecoder.maxQuantity, scanner, into: &memory.values.pointee.quantity)
    case EventKey.watchMilliseconds.rawValue:
      EventDecoder.readInteger(place, 0...Int64.max, scanner, into: &memory.values.pointee.watchMilliseconds)
    case EventKey.amount.rawValue: readAmount(place, scanner)
    default: ValueReading(next: scanner.skipValue(place, depth: 1), outcome: .good)
    }
  }

  /// The text of a key that has one, from behind its quote.
  @inline(never)
  mutating func readText(_ place: Place, _ pattern: KeyPattern.Table, _ scanner: JSONScanner) -> ValueReading {
    let slot = pattern.pointee.text.unsafelyUnwrapped
    guard let string = scanner.skipString(place) else { return .malformed }
    guard let text = unescaped(place, string, room: pattern.pointee.key, scanner),
      (1...EventDecoder.maxIdentifierBytes).contains(text.count)
    else {
      // Whatever string `type` is, only its kind may be wrong: it names no type then.
      slot.pointee = Identifier()
      let isType = pattern.pointee.key == EventKey.type.rawValue
      return ValueReading(next: string.close + 1, outcome: isType ? .good : .bad)
    }
    slot.pointee = Identifier(bytes: text.baseAddress, length: Int32(text.count))
    return ValueReading(next: string.close + 1, outcome: .good)
  }

  private mutating func readTimestamp(_ place: Place, _ scanner: JSONScanner) -> ValueReading {
    let place = scanner.skipWhitespace(place)
    guard place < scanner.end, place.pointee == UInt8(ascii: "\"") else {
      return EventDecoder.readInteger(place, 0...InternetTime.latest, scanner, into: &memory.values.pointee.timestamp)
    }
    guard let string = scanner.skipString(place + 1) else { return .malformed }
    let text = unescaped(place + 1, string, room: EventKey.timestamp.rawValue, scanner)
    guard let milliseconds = text.flatMap(InternetTime.milliseconds) else {
      return ValueReading(next: string.close + 1, outcome: .bad)
    }
    memory.values.pointee.timestamp = milliseconds
    return ValueReading(next: string.close + 1, outcome: .good)
  }

  private static func readInteger(
    _ place: Place, _ allowed: ClosedRange<Int64>, _ scanner: JSONScanner, into value: inout Int64
  ) -> ValueReading {
    let place = scanner.skipWhitespace(place)
    guard JSONScanner.beginsNumber(place, before: scanner.end) else { return EventDecoder.readOther(place, scanner) }
    guard let number = scanner.skipNumber(place) else { return .malformed }
    guard number.isInteger,
      let integer = DecimalText.integer(UnsafeBufferPointer(start: place, count: number.end - place)),
      allowed.contains(integer)
    else { return ValueReading(next: number.end, outcome: .bad) }
    value = integer
    return ValueReading(next: number.end, outcome: .good)
  }

  private mutating func readAmount(_ place: Place, _ scanner: JSONScanner) -> ValueReading {
    let place = scanner.skipWhitespace(place)
    let next: Place
    let text: UnsafeBufferPointer<UInt8>?
    if JSONScanner.beginsNumber(place, before: scanner.end) {
      guard let number = scanner.skipNumber(place) else { return .malformed }
      next = number.end
      text = UnsafeBufferPointer(start: place, count: next - place)
    } else if place < scanner.end, place.pointee == UInt8(ascii: "\"") {
      guard let string = scanner.skipString(place + 1) else { return .malformed }
      next = string.close + 1
      text = unescaped(place + 1, string, room: EventKey.amount.rawValue, scanner)
    } else {
      return EventDecoder.readOther(place, scanner)
    }
    guard let amount = text.flatMap(DecimalText.init(amount:)) else {
      return ValueReading(next: next, outcome: .bad)
    }
    memory.values.pointee.amount = amount
    return ValueReading(next: next, outcome: .good)
  }

  /// The text of the last value of a key, in a payload that is known to be an object with that key.
  mutating func lastValue(of key: EventKey, _ scanner: JSONScanner) -> UnsafeBufferPointer<UInt8> {
    var result = UnsafeBufferPointer<UInt8>(start: scanner.start, count: 0)
    guard var place = openObject(scanner) else { return result }
    var isFirst = true
    while true {
      let member = findKey(place, isFirst: isFirst, scanner)
      guard let value = member.value, let next = scanner.skipValue(value, depth: 1) else { return result }
      if member.key == key.rawValue { result = UnsafeBufferPointer(start: value, count: next - value) }
      isFirst = false
      place = next
    }
  }
}
