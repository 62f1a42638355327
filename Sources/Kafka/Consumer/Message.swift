import CLibrdkafka

/// One record, in place: its bytes lie in the client's fetch buffer and are valid until its ``MessageBatch`` is reset.
@frozen
public struct Message {
  @usableFromInline
  let raw: lt_message

  @inlinable
  init(raw: lt_message) {
    self.raw = raw
  }

  /// The record's value; nil is a tombstone.
  @inlinable
  public var value: UnsafeRawBufferPointer? {
    raw.payload.map { UnsafeRawBufferPointer(start: $0, count: raw.length) }
  }

  /// The record's key; nil when it has none.
  @inlinable
  public var key: UnsafeRawBufferPointer? {
    raw.key.map { UnsafeRawBufferPointer(start: $0, count: raw.key_length) }
  }

  /// The record's offset in its partition.
  @inlinable
  public var offset: Int64 { raw.offset }

  /// Milliseconds since the epoch, by the producer's or the broker's clock as the topic is configured; -1: none.
  @inlinable
  public var timestampMilliseconds: Int64 { raw.timestamp }
}
