// Invariant: a place lies in [start, end] of the text whenever it is used. 16 bytes may be read from every place, or in
// front of it; behind the end they are zeros, which match no pattern and follow no number. `due` points at a stop with
// at least four entries behind it.

extension EventDecoder {
  typealias Place = JSONScanner.Place

  /// Walks over the whole payload, once, and notes the values of the keys it knows.
  ///
  /// The usual member costs a comparison with the pattern that followed its predecessor the last time, a look at where
  /// its value ends, and no function call. What is escaped, spaced or wrong leaves that road for a function of its own
  /// and comes back behind the value. On the road the place of the next member depends on nothing that is read from
  /// this one, but on the index, so that the processor works on several members at a time.
  mutating func readMembers(_ text: IndexedText, _ scanner: JSONScanner) -> MemberSet {
    let (start, end) = (text.start, text.end)
    var members = MemberSet()
    var pattern = patterns.current + Int(KeyPatterns.start)
    var separator = patterns.separator
    // The quote of the next key, or `lastStop` where no known key can stand.
    var due = text.stops
    // Where the search for the next stop begins after a detour.
    var passed = text.stops
    // Behind the value before.
    var last = start
    if start.pointee != UInt8(ascii: "{") || due.pointee != 1 {
      guard let brace = openObject(scanner) else { return members }
      last = brace
      due = text.lastStop
    }

    while true {
      let key = start + Int(due[0])
      let reading: ValueReading
      if let known = compactKey(key, after: pattern) {
        pattern = known
        if let slot = known.pointee.text {
          // The quotes of the key, and those of the text.
          let value = start + (Int(due[2]) &+ 1)
          let close = start + Int(due[3])
          let length = close - value
          let behind = ByteWords.loadHalf(close)
          let isFit = UInt(bitPattern: length &- 1) < UInt(EventDecoder.maxIdentifierBytes)
          if isFit, separator.followsText(behind) {
            slot.pointee.bytes = value
            slot.pointee.length = Int32(truncatingIfNeeded: length)
            members.setGood(known.pointee.mark)
            last = close + 1
            due += 4
            continue
          }
          if isFit, JSONScanner.endsText(behind), close + 2 == end {
            slot.pointee.bytes = value
            slot.pointee.length = Int32(truncatingIfNeeded: length)
            members.setGood(known.pointee.mark)
            members.isValid = true
            return members
          }
          reading = readText(value, known, scanner)
        } else {
          if let number = compactNumber(key + known.pointee.length, known) {
            members.setGood(known.pointee.mark)
            last = number.end
            due += number.stops
            let behind = ByteWords.loadHalf(last)
            if separator.follows(behind) { continue }
            if behind & 0xFF == UInt8(ascii: "}"), last + 1 == end {
              members.isValid = true
              return members
            }
            passed = due
            due = text.lastStop
            continue
          }
          reading = readValue(key + known.pointee.length, known.pointee.key, scanner)
        }
      } else {
        let next = passUnknown(due, separator, text)
        if next != due {
          due = next
          last = start + (Int(due[0]) &- separator.spaces &- 1)
          continue
        }
        let found = findKey(last, isFirst: pattern.pointee.key == KeyPatterns.start, scanner)
        guard let value = found.value else {
          members.isValid = found.isEnd
          return members
        }
        pattern = patterns.current + Int(found.key)
        separator = patterns.separator
        reading = readMember(value, pattern, scanner)
      }
      guard let next = members.note(reading, pattern.pointee.mark) else { return members }
      last = next
      passed = text.stop(at: next, from: due == text.lastStop ? passed : due)
      due = separator.follows(ByteWords.loadHalf(next)) ? passed : text.lastStop
    }
  }

  // MARK: The usual road. Each of these returns nil for what it does not know, without judging it.

  /// The pattern of a known key in the style of the separators.
  @inline(__always)
  private func compactKey(_ place: Place, after previous: KeyPattern.Table) -> KeyPattern.Table? {
    let expected = previous.pointee.successor
    if KeyPattern.begins(place, with: expected) { return expected }
    let candidate = patterns.candidate(place)
    guard KeyPattern.begins(place, with: candidate) else { return nil }
    previous.pointee.successor = candidate
    return candidate
  }

  /// From a key that no pattern matches to the next one, where its value is a plain text or an integer.
  ///
  /// Answers where it was given where that is not known; a key that means something never is passed.
  @inline(never)
  private func passUnknown(
    _ due: IndexedText.Stop, _ separator: KeyPatterns.Separator, _ text: IndexedText
  ) -> IndexedText.Stop {
    let key = text.start + Int(due[0])
    let keyEnd = text.start + Int(due[1])
    let colon = ByteWords.loadHalf(keyEnd)
    guard key.pointee == UInt8(ascii: "\"") else { return due }
    if separator.isColonOfText(colon) {
      // With a text, every key that means something would have matched.
      return separator.followsText(ByteWords.loadHalf(text.start + Int(due[3]))) ? due + 4 : due
    }
    // With an integer, no key would that must have a text.
    guard separator.isColon(colon), patterns.candidate(key).pointee.key == KeyPatterns.unknown,
      let number = compactInteger(keyEnd + (2 &+ separator.spaces)),
      separator.follows(ByteWords.loadHalf(number.end))
    else { return due }
    return due + 2
  }

  /// Reads a number into its key's place; answers where it ends, and how many stops there are from the key's on.
  @inline(__always)
  private func compactNumber(_ value: Place, _ pattern: KeyPattern.Table) -> (end: Place, stops: Int)? {
    if let slot = pattern.pointee.integer {
      guard let number = compactInteger(value) else { return nil }
      slot.pointee = number.value
      return (number.end, 2)
    }
    guard let amount = EventDecoder.compactAmount(value) else { return nil }
    memory.values.pointee.amount = amount.value
    return (amount.end, value.pointee == UInt8(ascii: "\"") ? 4 : 2)
  }

  /// Up to 15 digits. What follows them is not looked at, but that it is no fraction and no exponent.
  @inline(__always)
  private func compactInteger(_ place: Place) -> (value: Int64, end: Place)? {
    let length = ByteWords.digitLength(place)
    let end = place + length
    guard length > 0, length < 16, length == 1 || place.pointee != UInt8(ascii: "0"),
      end.pointee == UInt8(ascii: ",") || end.pointee == UInt8(ascii: "}")
    else { return nil }
    return (Int64(truncatingIfNeeded: ByteWords.decimal(before: end, count: length)), end)
  }

  /// A number or a string of digits and a point, with no more of either than ``DecimalText`` allows.
  ///
  /// Not inlined: viewer events are many more than purchases, and their loop is better without it.
  @inline(never)
  private static func compactAmount(_ place: Place) -> (value: DecimalText, end: Place)? {
    let isText = place.pointee == UInt8(ascii: "\"")
    let first = place + (isText ? 1 : 0)
    let whole = ByteWords.digitLength(first)
    guard whole > 0, whole <= DecimalText.maxWholeDigits, whole == 1 || first.pointee != UInt8(ascii: "0") else {
      return nil
    }
    var end = first + whole
    var digits = ByteWords.decimal(before: end, count: whole)
    var fraction = 0
    if end.pointee == UInt8(ascii: ".") {
      end += 1
      fraction = ByteWords.digitLength(end)
      guard fraction > 0, fraction <= DecimalText.maxFractionDigits else { return nil }
      for _ in 0..<fraction {
        digits = digits &* 10 &+ UInt64(end.pointee & 0x0F)
        end += 1
      }
    }
    let terminator = end.pointee
    guard
      isText
        ? terminator == UInt8(ascii: "\"") : terminator == UInt8(ascii: ",") || terminator == UInt8(ascii: "}")
    else { return nil }
    return (DecimalText(digits: digits, fractionDigits: fraction), end + (isText ? 1 : 0))
  }
}
