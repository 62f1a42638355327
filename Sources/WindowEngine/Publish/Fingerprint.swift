import LiveEvents

/// A hash by which an unchanged record is recognised.
enum Fingerprint {
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 { IdentifierHash.hash(bytes) }
}
