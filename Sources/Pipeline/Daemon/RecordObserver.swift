import WindowEngine

/// Sees every record that an instance publishes, e.g. to show it on a page. Called by the rollup's thread.
public protocol RecordObserver: Sendable {
  /// A record was committed; its bytes are valid during the call. `value` is `nil` for a tombstone.
  func observe(_ topic: RecordBuffer.Topic, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)
}
