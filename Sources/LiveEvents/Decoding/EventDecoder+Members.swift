// Invariant: a place lies in [start, end] of the scanner whenever it is used, `last` in [start - 1, end). Words come
// from `ByteWords.load`, which gives zeros past `end`, or from places that were found to be far enough in front of it;
// a byte is read by itself only after its place was found to be below `end`.

extension EventDecoder {
  typealias Place = JSONScanner.Place

  /// Walks over the whole payload, once, and notes the values of the keys it knows.
  ///
  /// The usual member costs a comparison with the pattern that followed its predecessor the last time, a search for
  /// the end of its value in 16 bytes, and no function call. What is longer, escaped, spaced or wrong leaves that
  /// road for a function of its own and comes back behind the value.
  mutating func readMembers(_ scanner: JSONScanner) -> MemberSet {
    let (start, end) = (scanner.start, scanner.end)
    var members = MemberSet()
    // The last byte of the value before, so that nothing but its length stands between one word and the next one.
    var last = start - 1
    var pattern = patterns.current + Int(KeyPatterns.start)

    if start.pointee != UInt8(ascii: "{") {
      guard let brace = openObject(scanner) else { return members }
      last = brace - 1
    }
    while true {
      let place: Place
      var isOther = false
      if let found = compactKey(after: last, pattern, scanner) {
        pattern = found.pattern
        place = found.value
      } else if end - last == 2, last[1] == UInt8(ascii: "}"), pattern.pointee.key != KeyPatterns.start {
        members.isValid = true
        return members
      } else {
        let found = findKey(last + 1, isFirst: pattern.pointee.key == KeyPatterns.start, scanner)
        guard let value = found.value else {
          members.isValid = found.isEnd
          return members
        }
        pattern = patterns.current + Int(found.key)
        let isText = found.key == EventKey.type.rawValue || pattern.pointee.slot != nil
        isOther = isText && (value == end || value.pointee != UInt8(ascii: "\""))
        place = value + (isText && !isOther ? 1 : 0)
      }

      let mark = pattern.pointee.mark
      let reading: ValueReading
      if isOther {
        reading = EventDecoder.readOther(place, scanner)
      } else if let slot = pattern.pointee.slot {
        if let text = compactText(place, before: end) {
          slot.pointee.bytes = place
          slot.pointee.length = Int32(truncatingIfNeeded: text.length)
          if pattern.pointee.isHashed {
            slot.pointee.hash = IdentifierHash.hash(low: text.low, high: text.high, count: text.length)
          }
          members.setGood(mark)
          last = place + text.length
          continue
        }
        reading = readIdentifier(place, pattern.pointee.key, scanner)
      } else {
        switch pattern.pointee.key {
        case EventKey.type.rawValue:
          if let text = compactText(place, before: end) {
            values.type = typeNames.find(low: text.low, high: text.high, count: text.length)
            members.setGood(mark)
            last = place + text.length
            continue
          }
          reading = readType(place, scanner)
        case EventKey.timestamp.rawValue:
          if let number = compactInteger(place, scanner) {
            values.timestamp = number.value
            members.set(mark, isBad: number.value > InternetTime.latest)
            last = number.end - 1
            continue
          }
          reading = readTimestamp(place, scanner)
        case EventKey.quantity.rawValue:
          if let number = compactInteger(place, scanner) {
            values.quantity = number.value
            members.set(mark, isBad: number.value < 1 || number.value > EventDecoder.maxQuantity)
            last = number.end - 1
            continue
          }
          reading = readQuantity(place, scanner)
        case EventKey.watchMilliseconds.rawValue:
          if let number = compactInteger(place, scanner) {
            values.watchMilliseconds = number.value
            members.setGood(mark)
            last = number.end - 1
            continue
          }
          reading = readWatch(place, scanner)
        case EventKey.amount.rawValue:
          if let amount = compactAmount(place, scanner) {
            values.amount = amount.value
            members.setGood(mark)
            last = amount.end - 1
            continue
          }
          reading = readAmount(place, scanner)
        case EventKey.currency.rawValue:
          let (low, _) = ByteWords.load(place, in: start, before: end)
          if let code = compactCurrency(low) {
            values.currency = code
            members.setGood(mark)
            last = place + 4
            continue
          }
          reading = readCurrency(place, scanner)
        default:
          reading = ValueReading(next: scanner.skipValue(place, depth: 1), outcome: .good)
        }
      }
      guard let next = members.note(reading, mark) else { return members }
      last = next - 1
    }
  }

  // MARK: The usual road. Each of these returns nil for what it does not know, without judging it.

  /// A known key in one of the usual styles, and the place of its value, or of the text behind the quote of it.
  @inline(__always)
  private func compactKey(
    after last: Place, _ previous: KeyPattern.Table, _ scanner: JSONScanner
  ) -> (pattern: KeyPattern.Table, value: Place)? {
    let distance = previous.pointee.distance
    let (low, high): (UInt64, UInt64)
    let separator: UInt16
    if scanner.end - last >= KeyPattern.longestMember {
      let raw = UnsafeRawPointer(last)
      separator = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: 1, as: UInt16.self))
      low = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: distance, as: UInt64.self))
      high = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: distance &+ 8, as: UInt64.self))
    } else {
      guard scanner.end - last > distance else { return nil }
      separator = UInt16(last[1]) | UInt16(last[2]) &<< 8
      (low, high) = ByteWords.load(last + distance, in: scanner.start, before: scanner.end)
    }
    guard separator & previous.pointee.separatorMask == previous.pointee.separator else { return nil }
    let expected = previous.pointee.successor
    if expected.pointee.matches(low, high) { return (expected, last + (distance &+ expected.pointee.length)) }
    let (candidate, length) = patterns.candidate(low)
    guard candidate.pointee.matches(low, high) else { return nil }
    previous.pointee.successor = candidate
    return (candidate, last + (distance &+ length))
  }

  /// A string of 1...15 plain bytes from behind its quote, as words with zeros behind them. Texts at the very end of
  /// the payload, where whole words cannot be read, are not known here.
  @inline(__always)
  private func compactText(_ place: Place, before end: Place) -> (low: UInt64, high: UInt64, length: Int)? {
    guard place <= end - 8 else { return nil }
    let raw = UnsafeRawPointer(place)
    let low = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self))
    let lowStops = ByteWords.stopsOrSpaces(low)
    // Most texts end in the first word; which do, the processor learns field by field.
    if lowStops != 0 {
      let length = lowStops.trailingZeroBitCount &>> 3
      guard place[length] == UInt8(ascii: "\""), length > 0 else { return nil }
      return (low & ByteWords.maskBelowMark(lowStops), 0, length)
    }
    guard place <= end - 16 else { return nil }
    let high = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    let highStops = ByteWords.stopsOrSpaces(high)
    let length = (highStops.trailingZeroBitCount &>> 3) &+ 8
    guard highStops != 0, place[length] == UInt8(ascii: "\"") else { return nil }
    return (low, high & ByteWords.maskBelowMark(highStops), length)
  }

  /// Up to 15 digits in front of a comma or a closing brace.
  @inline(__always)
  private func compactInteger(_ place: Place, _ scanner: JSONScanner) -> (value: Int64, end: Place)? {
    let (low, high) = ByteWords.load(place, in: scanner.start, before: scanner.end)
    let length = ByteWords.firstMark(ByteWords.nonDigits(low), ByteWords.nonDigits(high))
    let close = place + length
    guard length > 0, length < 16, close < scanner.end,
      close.pointee == UInt8(ascii: ",") || close.pointee == UInt8(ascii: "}"),
      length == 1 || low & 0xFF != UInt8(ascii: "0")
    else { return nil }
    return (Int64(truncatingIfNeeded: ByteWords.decimal(low, high, count: length)), close)
  }

  /// A number or a string of up to 15 digits and a point, with no more of either than ``DecimalText`` allows.
  @inline(__always)
  private func compactAmount(_ place: Place, _ scanner: JSONScanner) -> (value: DecimalText, end: Place)? {
    guard place < scanner.end else { return nil }
    let isText = place.pointee == UInt8(ascii: "\"")
    let first = place + (isText ? 1 : 0)
    let (low, high) = ByteWords.load(first, in: scanner.start, before: scanner.end)
    let whole = ByteWords.firstMark(ByteWords.nonDigits(low), ByteWords.nonDigits(high))
    guard whole > 0, whole <= DecimalText.maxWholeDigits, whole == 1 || low & 0xFF != UInt8(ascii: "0") else {
      return nil
    }
    var text = ByteWords.join(low, high)
    var digits = whole
    let shift = UInt128(truncatingIfNeeded: whole &* 8)
    var close = first + whole
    if text &>> shift & 0xFF == UInt8(ascii: ".") {
      // Closing the gap that the point leaves makes one run of digits.
      let below: UInt128 = (1 &<< shift) &- 1
      text = (text & below) | (text &>> 8 & ~below)
      digits = ByteWords.firstMark(
        ByteWords.nonDigits(UInt64(truncatingIfNeeded: text)),
        ByteWords.nonDigits(UInt64(truncatingIfNeeded: text &>> 64)))
      guard digits > whole, digits &- whole <= DecimalText.maxFractionDigits else { return nil }
      close = first + (digits &+ 1)
    }
    guard close < scanner.end else { return nil }
    let terminator = close.pointee
    guard
      isText
        ? terminator == UInt8(ascii: "\"") : terminator == UInt8(ascii: ",") || terminator == UInt8(ascii: "}")
    else { return nil }
    let value = DecimalText(digits: ByteWords.decimal(text, count: digits), fractionDigits: digits &- whole)
    return (value, close + (isText ? 1 : 0))
  }

  /// Three plain bytes between quotes.
  @inline(__always)
  private func compactCurrency(_ low: UInt64) -> UInt32? {
    let text = low &>> 8
    guard low & 0xFF == UInt8(ascii: "\""), ByteWords.firstMark(ByteWords.stops(text), 0) == 3,
      text &>> 24 & 0xFF == UInt8(ascii: "\"")
    else { return nil }
    return UInt32(truncatingIfNeeded: text.byteSwapped &>> 40)
  }
}
