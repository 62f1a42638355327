// Invariant: every pointer handed to a method lies in [start, end] of an `IndexedText`; a byte is read only after its
// pointer was found to be below `end`, or up to three behind it, where zeros are. `fault` outlives the scanner.

/// Walks over JSON text (RFC 8259) and tells where its parts end, strictly and without building anything.
///
/// A method takes the place where a part begins and returns the place behind it, or nil after it noted the fault.
struct JSONScanner {
  /// Containers that may be open at once, the outermost one included.
  static var maxDepth: Int { 128 }

  typealias Place = UnsafePointer<UInt8>

  let start: Place
  let end: Place
  let fault: UnsafeMutablePointer<JSONFault>

  init(_ text: IndexedText, fault: UnsafeMutablePointer<JSONFault>) {
    start = text.start
    end = text.end
    self.fault = fault
  }

  /// The end of a string, and whether what it stands for differs from its bytes.
  struct StringEnd {
    /// At the closing quote.
    var close: Place
    var hasEscapes: Bool
  }

  /// The end of a number, and whether it was written without fraction and exponent.
  struct NumberEnd {
    var end: Place
    var isInteger: Bool
  }

  /// Whether four bytes begin with a quote and a closing brace.
  @inline(__always)
  static func endsText(_ bytes: UInt32) -> Bool { bytes & 0xFFFF == 0x7D22 }

  @inline(never)
  func fail(_ kind: JSONFault.Kind, at place: Place) {
    fault.pointee = JSONFault(kind: place < end || kind == .empty ? kind : .endsEarly, offset: place - start)
  }

  @inline(__always)
  func skipWhitespace(_ place: Place) -> Place {
    var place = place
    while place < end {
      let byte = place.pointee
      // Anything above a space is what usually comes.
      if byte > 0x20 || !(byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09) { break }
      place += 1
    }
    return place
  }

  // MARK: Numbers and words

  /// Whether the byte at a place can only begin a number.
  static func beginsNumber(_ place: Place, before end: Place) -> Bool {
    place < end && (place.pointee == UInt8(ascii: "-") || place.pointee &- UInt8(ascii: "0") < 10)
  }

  /// From the first byte of a number to behind its last.
  func skipNumber(_ place: Place) -> NumberEnd? {
    var place = place
    var isInteger = true
    if place < end, place.pointee == UInt8(ascii: "-") { place += 1 }
    let first = place
    place = skipDigits(place)
    guard place > first, place - first == 1 || first.pointee != UInt8(ascii: "0") else {
      fail(.badNumber, at: first)
      return nil
    }
    if place < end, place.pointee == UInt8(ascii: ".") {
      isInteger = false
      let fraction = place + 1
      place = skipDigits(fraction)
      guard place > fraction else {
        fail(.badNumber, at: place)
        return nil
      }
    }
    if place < end, place.pointee | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      place += 1
      if place < end, place.pointee == UInt8(ascii: "+") || place.pointee == UInt8(ascii: "-") { place += 1 }
      let exponent = place
      place = skipDigits(exponent)
      guard place > exponent else {
        fail(.badNumber, at: place)
        return nil
      }
    }
    return NumberEnd(end: place, isInteger: isInteger)
  }

  private func skipDigits(_ place: Place) -> Place {
    var place = place
    while place < end, place.pointee &- UInt8(ascii: "0") < 10 { place += 1 }
    return place
  }

  private func skipWord(_ word: StaticString, _ place: Place) -> Place? {
    let length = word.utf8CodeUnitCount
    let found = min(length, end - place)
    for index in 0..<found where place[index] != word.utf8Start[index] {
      fail(.badLiteral, at: place)
      return nil
    }
    guard found == length else {
      fail(.endsEarly, at: end)
      return nil
    }
    return place + length
  }

  // MARK: Values

  /// From the first byte of any value to behind its last; `depth` containers are open around it.
  ///
  /// Iterative, so that the depth of a text costs no stack.
  @inline(never)
  func skipValue(_ place: Place, depth: Int) -> Place? {
    var place = place
    var depth = depth
    let outer = depth
    // One bit for each open container, the innermost lowest: 1 is an object.
    var kinds: UInt128 = 0
    while true {
      guard place < end else {
        fail(.endsEarly, at: end)
        return nil
      }
      let byte = place.pointee
      if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
        guard depth < JSONScanner.maxDepth else {
          fail(.tooDeep, at: place)
          return nil
        }
        let isObject = byte == UInt8(ascii: "{")
        depth += 1
        kinds = kinds &<< 1 | (isObject ? 1 : 0)
        place = skipWhitespace(place + 1)
        if place < end, place.pointee == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          depth -= 1
          kinds &>>= 1
          place += 1
        } else {
          if isObject {
            guard let value = skipKey(place) else { return nil }
            place = value
          }
          continue
        }
      } else {
        guard let next = skipScalar(place) else { return nil }
        place = next
      }
      // A value is complete: close what it closes, or go on to the next one.
      while true {
        if depth == outer { return place }
        place = skipWhitespace(place)
        let isObject = kinds & 1 == 1
        guard place < end else {
          fail(.endsEarly, at: end)
          return nil
        }
        if place.pointee == UInt8(ascii: ",") {
          place = skipWhitespace(place + 1)
          if isObject {
            guard let value = skipKey(place) else { return nil }
            place = value
          }
          break
        }
        guard place.pointee == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
          fail(.expectedCommaOrEnd, at: place)
          return nil
        }
        depth -= 1
        kinds &>>= 1
        place += 1
      }
    }
  }

  /// From the first byte of a value that is no container to behind its last.
  private func skipScalar(_ place: Place) -> Place? {
    switch place.pointee {
    case UInt8(ascii: "\""):
      guard let string = skipString(place + 1) else { return nil }
      return string.close + 1
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return skipNumber(place)?.end
    case UInt8(ascii: "t"): return skipWord("true", place)
    case UInt8(ascii: "f"): return skipWord("false", place)
    case UInt8(ascii: "n"): return skipWord("null", place)
    default:
      fail(.expectedValue, at: place)
      return nil
    }
  }

  /// From a key's opening quote to the value behind its colon.
  private func skipKey(_ place: Place) -> Place? {
    guard place < end, place.pointee == UInt8(ascii: "\"") else {
      fail(.expectedKey, at: place)
      return nil
    }
    guard let key = skipString(place + 1) else { return nil }
    return skipColon(key.close + 1)
  }

  /// From behind a key to the first byte of its value.
  @inline(__always)
  func skipColon(_ place: Place) -> Place? {
    let place = skipWhitespace(place)
    guard place < end, place.pointee == UInt8(ascii: ":") else {
      fail(.expectedColon, at: place)
      return nil
    }
    return skipWhitespace(place + 1)
  }
}
