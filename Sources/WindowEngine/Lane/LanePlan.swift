// Invariant that makes this file safe: the buffers are owned; `leafFields` is filled once in `init`, `scratch` holds one
// key at a time, and one thread uses a plan.

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
  /// Room for one key while it is put together; a temporary allocation of that size would be one of the heap's.
  private let scratch: UnsafeMutableRawBufferPointer

  init(_ plan: EnginePlan) {
    let fields = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: plan.leafFields.count)
    _ = fields.initialize(
      fromContentsOf: plan.leafFields.map { $0.identifier.map { UInt8($0.rawValue) } ?? Self.currencyField })
    leafFields = UnsafeBufferPointer(fields)
    maxKeys = plan.maxKeys
    groupHashes = plan.groups.map(\.hash)
    lattice = Lattice(plan)
    scratch = .allocate(byteCount: KeyText.maxLength, alignment: 8)
  }

  deinit {
    leafFields.deallocate()
    scratch.deallocate()
  }

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

  /// Whether `text` is the leaf key of `event`.
  @inline(__always)
  static func matches(
    _ event: Event, _ fields: UnsafeBufferPointer<UInt8>, _ text: UnsafePointer<UInt8>
  ) -> Bool {
    var at = text
    for field in fields {
      let length = Int(at.pointee)
      at += 1
      if field == currencyField {
        if length != (event.currency == 0 ? 0 : 3) { return false }
        if length != 0 && packed(at) != event.currency { return false }
      } else {
        let identifier = event.identifiers[Int(field)]
        if Int(identifier.length) != length { return false }
        if length != 0 && memcmp(at, identifier.bytes.unsafelyUnwrapped, length) != 0 { return false }
      }
      at += length
    }
    return true
  }

  @inline(__always) private static func packed(_ text: UnsafePointer<UInt8>) -> UInt32 {
    UInt32(text[0]) << 16 | UInt32(text[1]) << 8 | UInt32(text[2])
  }

  /// The leaf key of `event`, valid until the next key is put together.
  func text(of event: Event) -> UnsafeRawBufferPointer {
    var at = 0
    for field in leafFields {
      if field == Self.currencyField {
        scratch[at] = event.currency == 0 ? 0 : 3
        at += 1
        if event.currency == 0 { continue }
        for shift in [UInt32(16), 8, 0] {
          scratch[at] = UInt8(truncatingIfNeeded: event.currency >> shift)
          at += 1
        }
      } else {
        let identifier = event.identifiers[Int(field)]
        let length = Int(identifier.length)
        scratch[at] = UInt8(length)
        at += 1
        if length > 0 { memcpy(scratch.baseAddress! + at, identifier.bytes.unsafelyUnwrapped, length) }
        at += length
      }
    }
    return UnsafeRawBufferPointer(rebasing: scratch[..<at])
  }
}
