import LiveEvents

/// A hash by which an unchanged record is recognised.
enum Fingerprint {
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 { IdentifierHash.hash(bytes) }

  /// Of a metric record of a key whose group and window are known.
  static func of(_ values: MetricValues, start: Int64, end: Int64) -> UInt64 {
    var hash = KeyText.mix(UInt64(bitPattern: start), UInt64(bitPattern: end))
    for i in 0..<Counter.count { hash = KeyText.mix(hash, UInt64(bitPattern: values.counters.values[i])) }
    hash = KeyText.mix(hash, UInt64(bitPattern: values.buyers))
    hash = KeyText.mix(hash, UInt64(bitPattern: values.viewers))
    hash = KeyText.mix(hash, UInt64(bitPattern: values.clickers))
    hash = KeyText.mix(hash, UInt64(bitPattern: values.online))
    return hash
  }
}
