// Invariant that makes this file safe: `leafFields` is owned and filled once in `init`; whoever has a key written has
// room for the longest.

import LiveEvents

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The part of the plan that is needed for every event, in plain memory.
struct LanePlan: ~Copyable {
  static let leafSeed: UInt64 = 0x243F_6A88_85A3_08D3

  /// Each the raw value of an ``IdentifierField``, or ``currencyField``.
  let leafFields: UnsafeBufferPointer<UInt8>
  static let currencyField: UInt8 = 0xFF

  let maxKeys: Int
  let lattice: Lattice
  private let groupHashes: [UInt64]

  init(_ plan: EnginePlan) {
    let fields = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: plan.leafFields.count)
    _ = fields.initialize(
      fromContentsOf: plan.leafFields.map { $0.identifier.map { UInt8($0.rawValue) } ?? Self.currencyField })
    leafFields = UnsafeBufferPointer(fields)
    maxKeys = plan.maxKeys
    groupHashes = plan.groups.map(\.hash)
    lattice = Lattice(plan)
  }

  deinit { leafFields.deallocate() }

  func groupHash(_ group: Int) -> UInt64 { groupHashes[group] }

  /// The hash of an event's value of a leaf field; 0 where it has none.
  @inline(__always)
  static func hash(of field: UInt8, in event: Event) -> UInt64 {
    field == currencyField ? UInt64(event.currency) &* 0x9E37_79B9_7F4A_7C15 : event.identifiers[Int(field)].hash
  }

  /// The hash of an event's leaf key.
  @inline(__always)
  func leafHash(of event: Event) -> UInt64 {
    var hash = Self.leafSeed
    for field in leafFields { hash = KeyText.mix(hash, Self.hash(of: field, in: event)) }
    return hash
  }

  /// Writes the leaf key of `event`, at most ``KeyText/maxLength`` bytes, and returns how many it has.
  @inline(__always)
  func write(_ event: Event, to text: UnsafeMutablePointer<UInt8>) -> Int {
    var at = text
    for field in leafFields {
      if field == Self.currencyField {
        at.pointee = event.currency == 0 ? 0 : 3
        at += 1
        if event.currency == 0 { continue }
        for shift in [UInt32(16), 8, 0] {
          at.pointee = UInt8(truncatingIfNeeded: event.currency >> shift)
          at += 1
        }
      } else {
        let identifier = event.identifiers[Int(field)]
        let length = Int(identifier.length)
        at.pointee = UInt8(length)
        at += 1
        if length > 0 { Self.copy(identifier.bytes.unsafelyUnwrapped, length, to: at) }
        at += length
      }
    }
    return at - text
  }

  /// Copies a few bytes: most identifiers have less than 16, for which a call takes longer than the copy.
  @inline(__always)
  private static func copy(_ source: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt8>) {
    let from = UnsafeRawPointer(source)
    let to = UnsafeMutableRawPointer(target)
    if length > 16 {
      memcpy(to, from, length)
    } else if length >= 8 {
      to.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
      to.storeBytes(
        of: from.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self), toByteOffset: length - 8, as: UInt64.self)
    } else if length >= 4 {
      to.storeBytes(of: from.loadUnaligned(as: UInt32.self), as: UInt32.self)
      to.storeBytes(
        of: from.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self), toByteOffset: length - 4, as: UInt32.self)
    } else {
      for i in 0..<length { target[i] = source[i] }
    }
  }
}
