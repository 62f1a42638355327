// Invariant that makes this file safe: a key's text is the concatenation, field by field, of one length byte (1...128,
// 0 where the field is absent) and that many bytes; whoever passes a pointer passes the whole text.

import LiveEvents

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The text of a key: the values of its fields, each behind a length byte. Equal keys have equal bytes.
enum KeyText {
  /// The most bytes that a key of every group field takes.
  static let maxLength = GroupField.allCases.count * 129

  /// Combines a hash with the next value's, in order.
  @inline(__always) static func mix(_ hash: UInt64, _ next: UInt64) -> UInt64 {
    let product = (hash ^ next).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low ^ (next << 1)
  }

  /// The hash of a key of a group: depends on the group's field names and the values, on nothing else.
  static func hash(_ text: UnsafeRawBufferPointer, group: UInt64) -> UInt64 {
    var hash = group
    var i = 0
    while i < text.count {
      let length = Int(text[i])
      hash = mix(hash, IdentifierHash.hash(UnsafeRawBufferPointer(rebasing: text[(i + 1)..<(i + 1 + length)])))
      i += 1 + length
    }
    return hash
  }

  /// The hash of a group's overflow key, which has no text.
  static func overflowHash(group: UInt64) -> UInt64 { mix(group, 0x6F74_6865_725F_6B65) }

  /// The values of a key's fields.
  static func values(_ text: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
    var values: [UnsafeRawBufferPointer] = []
    var i = 0
    while i < text.count {
      let length = Int(text[i])
      values.append(UnsafeRawBufferPointer(rebasing: text[(i + 1)..<(i + 1 + length)]))
      i += 1 + length
    }
    return values
  }

  /// The order of two keys of a group: field by field by UTF-8 bytes.
  static func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    while i < a.count && i < b.count {
      let (la, lb) = (Int(a[i]), Int(b[i]))
      let order = memcmp(a.baseAddress! + i + 1, b.baseAddress! + i + 1, min(la, lb))
      if order != 0 { return order < 0 }
      if la != lb { return la < lb }
      i += 1 + la
    }
    return a.count < b.count
  }
}
