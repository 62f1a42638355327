// Safety: the flat array behind a batch changes only in fill and reset, both of which need exclusive access to the
// batch; payload pointers stay valid for as long, because the client handle is retained while records are held.
import CLibrdkafka

/// Many records of one partition, taken at once and read in place.
///
///     var batch = MessageBatch(capacity: 4096)
///     queue.consume(into: &batch)
///     for index in 0..<batch.count {
///       let message = batch[index]
///       ...
///     }
///
/// Besides records a fetch can bring the news that the partition was read to its end, or that reading failed.
public struct MessageBatch: ~Copyable {
  @usableFromInline
  let storage: UnsafeMutablePointer<lt_batch>
  private var client: ClientHandle?
  private var partition: TopicPartition?

  /// A batch of at most `capacity` entries a fetch.
  public init(capacity: Int) {
    precondition(capacity > 0)
    guard let storage = lt_batch_new(capacity) else { fatalError("out of memory for a batch of \(capacity)") }
    self.storage = storage
  }

  deinit {
    lt_batch_destroy(storage)
  }

  /// The number of records.
  @inlinable
  public var count: Int { storage.pointee.count }

  /// Whether there is no record.
  @inlinable
  public var isEmpty: Bool { storage.pointee.count == 0 }

  /// The record at `index`, which is below ``count``. Its bytes are valid until the next fetch or reset.
  @inlinable
  public subscript(index: Int) -> Message {
    assert(index >= 0 && index < count)
    return Message(raw: storage.pointee.messages[index])
  }

  /// Whether the queue gave as many entries as fit, so that more are likely to wait.
  @inlinable
  public var isFull: Bool { storage.pointee.taken == storage.pointee.capacity }

  /// Set when the partition was read to its end and no record followed in this batch: the offset of the next record
  /// to be written. It counts what readers do not see (transaction markers, aborted and compacted records).
  @inlinable
  public var endOffset: Int64? {
    storage.pointee.end_offset == Int64(LT_NO_OFFSET) ? nil : storage.pointee.end_offset
  }

  /// Why reading failed; the records of the batch are good all the same. The client goes on by itself, except after
  /// ``KafkaErrorKind/offsetOutOfRange``: then the partition stays where it is until it is assigned again.
  public var error: KafkaError? {
    guard storage.pointee.error != RD_KAFKA_RESP_ERR_NO_ERROR, let partition else { return nil }
    let text = withUnsafePointer(to: &storage.pointee.error_text) {
      String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
    }
    return KafkaError(code: storage.pointee.error, operation: "read", detail: text)
      .at(partition, offset: storage.pointee.error_offset)
  }

  /// The headers of the record at `index`. They are copied; this is not for the hot path.
  public func headers(at index: Int) -> [Header] {
    precondition(index >= 0 && index < count)
    var list: OpaquePointer?
    guard rd_kafka_message_headers(storage.pointee.handles[index], &list) == RD_KAFKA_RESP_ERR_NO_ERROR else {
      return []
    }
    var headers: [Header] = []
    var name: UnsafePointer<CChar>?
    var bytes: UnsafeRawPointer?
    var length = 0
    while rd_kafka_header_get_all(list, headers.count, &name, &bytes, &length) == RD_KAFKA_RESP_ERR_NO_ERROR {
      let value = bytes.map { Array(UnsafeRawBufferPointer(start: $0, count: length)) }
      headers.append(Header(String(cString: name!), value))
    }
    return headers
  }

  /// Gives the records' memory back.
  public mutating func reset() {
    lt_batch_reset(storage)
    client = nil
  }

  mutating func fill(from queue: PartitionQueue, timeoutMilliseconds: Int) -> Int {
    let count = lt_batch_fill(storage, queue.pointer, librdkafkaTimeout(timeoutMilliseconds))
    client = queue.client
    partition = queue.partition
    return count
  }
}
