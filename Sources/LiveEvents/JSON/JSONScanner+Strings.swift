// Invariant: as in JSONScanner.swift; `unescape` reads only a string that `skipString` has found valid, and writes at
// most `capacity` bytes.

extension JSONScanner {
  /// From behind an opening quote to the closing one.
  @inline(never)
  func skipString(_ place: Place) -> StringEnd? {
    var place = place
    var hasEscapes = false
    while true {
      while end - place >= 8 {
        let stops = ByteWords.stops(ByteWords.load(place).low)
        if stops != 0 {
          place += stops.trailingZeroBitCount &>> 3
          break
        }
        place += 8
      }
      guard place < end else { break }
      switch place.pointee {
      case UInt8(ascii: "\""):
        return StringEnd(close: place, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        guard let next = skipEscape(place) else { return nil }
        place = next
        hasEscapes = true
      case 0..<0x20:
        fail(.controlCharacter, at: place)
        return nil
      case 0x80...:
        repeat {
          guard let next = skipMultibyte(place) else { return nil }
          place = next
        } while place < end && place.pointee >= 0x80
      default:
        place += 1
      }
    }
    fail(.endsEarly, at: end)
    return nil
  }

  /// From a byte above 0x7F to behind its character (Unicode 15, table 3-7: well-formed UTF-8 byte sequences).
  @inline(__always)
  private func skipMultibyte(_ place: Place) -> Place? {
    let lead = place.pointee
    // Most have three bytes, of which the text's end cuts none off: zeros follow it.
    if ByteWords.loadHalf(place) & 0xC0_C0F0 == 0x80_80E0, lead != 0xE0, lead != 0xED { return place + 3 }
    let left = end - place
    var length = 0
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: break
    }
    guard length > 0, length <= left, second.contains(place[1]),
      length < 3 || place[2] & 0xC0 == 0x80, length < 4 || place[3] & 0xC0 == 0x80
    else {
      fail(.badUTF8, at: place)
      return nil
    }
    return place + length
  }

  /// From a backslash to behind the escape, both halves of a surrogate pair included.
  private func skipEscape(_ place: Place) -> Place? {
    guard end - place >= 2 else {
      fail(.endsEarly, at: end)
      return nil
    }
    switch place[1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return place + 2
    case UInt8(ascii: "u"):
      guard let unit = hexUnit(place) else {
        fail(.badEscape, at: place)
        return nil
      }
      if unit & 0xF800 != 0xD800 { return place + 6 }
      guard unit < 0xDC00, let low = hexUnit(place + 6), low & 0xFC00 == 0xDC00 else {
        fail(.loneSurrogate, at: place)
        return nil
      }
      return place + 12
    default:
      fail(.badEscape, at: place)
      return nil
    }
  }

  /// The UTF-16 unit of a `\uXXXX` at a place, nil where there is none.
  private func hexUnit(_ place: Place) -> UInt32? {
    guard end - place >= 6, place[0] == UInt8(ascii: "\\"), place[1] == UInt8(ascii: "u") else { return nil }
    var unit: UInt32 = 0
    for index in 2..<6 {
      let digit: UInt8
      switch place[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = place[index] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = place[index] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = place[index] - UInt8(ascii: "A") + 10
      default: return nil
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  /// Writes what the string between two quotes stands for.
  ///
  /// The string has passed ``skipString(_:)``, and `output` has room for `capacity` bytes.
  /// - Returns: the number of bytes, or nil where they are more than `capacity`.
  func unescape(_ place: Place, to close: Place, into output: UnsafeMutablePointer<UInt8>, capacity: Int) -> Int? {
    var place = place
    var count = 0
    while place < close {
      var byte = place.pointee
      if byte != UInt8(ascii: "\\") {
        place += 1
      } else if place[1] == UInt8(ascii: "u") {
        guard let written = unescapeUnit(&place, into: output + count, capacity: capacity - count) else { return nil }
        count += written
        continue
      } else {
        switch place[1] {
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        default: byte = place[1]
        }
        place += 2
      }
      guard count < capacity else { return nil }
      output[count] = byte
      count += 1
    }
    return count
  }

  /// Writes the character of a `\u` escape, or of a pair of them, in UTF-8.
  private func unescapeUnit(
    _ place: inout Place, into output: UnsafeMutablePointer<UInt8>, capacity: Int
  ) -> Int? {
    guard var scalar = hexUnit(place) else { return nil }
    place += 6
    if scalar & 0xF800 == 0xD800 {
      guard let low = hexUnit(place) else { return nil }
      place += 6
      scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
    }
    let length = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
    guard length <= capacity else { return nil }
    if length == 1 {
      output[0] = UInt8(scalar)
      return 1
    }
    var rest = scalar
    for index in stride(from: length - 1, to: 0, by: -1) {
      output[index] = 0x80 | UInt8(rest & 0x3F)
      rest >>= 6
    }
    output[0] = UInt8(truncatingIfNeeded: 0xF00 >> UInt32(length)) | UInt8(rest)
    return length
  }
}
