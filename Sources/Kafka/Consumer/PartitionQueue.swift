import CLibrdkafka
import Synchronization

/// The records of one assigned partition, apart from all others.
///
/// Not polling a queue is how a lane slows down: the client then fetches no more than `queued.max.messages.kbytes`
/// (and what the last fetch brought beyond it, at least one batch of its producer) and waits. Nothing is paused.
///
/// Thread rule: one lane at a time consumes a queue, while the owner thread polls the ``Consumer``. Before the owner
/// calls ``Consumer/unassign(_:)`` the lane has stopped consuming; from then on the queue stays empty for ever. A later
/// assignment of the same partition has a new queue.
public final class PartitionQueue: @unchecked Sendable {
  /// The partition whose records these are.
  public let partition: TopicPartition
  let pointer: OpaquePointer
  /// Retained, so that the consumer lives for as long as anyone reads; it holds its queues weakly.
  private let consumer: Consumer
  private let isClosed = Atomic(false)
  // Kept alive for as long as librdkafka may write to its descriptor.
  private let wakeup = Mutex<Wakeup?>(nil)

  /// Separates the partition's queue from the main one. This comes before the partition is assigned, or the first
  /// records would land in the main queue.
  init(_ partition: TopicPartition, of consumer: Consumer) throws(KafkaError) {
    guard
      let pointer = rd_kafka_queue_get_partition(consumer.client.pointer, partition.topic, partition.partition)
    else {
      throw KafkaError(code: RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, operation: "open the queue").at(partition)
    }
    rd_kafka_queue_forward(pointer, nil)
    self.partition = partition
    self.pointer = pointer
    self.consumer = consumer
  }

  deinit {
    close()
    rd_kafka_queue_destroy(pointer)
  }

  var client: ClientHandle { consumer.client }

  /// Replaces the contents of `batch` by what is there, waiting at most `timeoutMilliseconds` for the first record
  /// and never for a full batch. Returns the number of records; look at the batch's ``MessageBatch/endOffset`` and
  /// ``MessageBatch/error`` also when it is 0.
  @discardableResult
  public func consume(into batch: inout MessageBatch, timeoutMilliseconds: Int = 0) -> Int {
    guard !isClosed.load(ordering: .acquiring) else {
      batch.reset()
      return 0
    }
    return batch.fill(from: self, timeoutMilliseconds: timeoutMilliseconds)
  }

  /// Lets the queue signal `wakeup` whenever it stops being empty, and once now.
  public func signals(_ wakeup: Wakeup) {
    self.wakeup.withLock { current in
      guard !isClosed.load(ordering: .acquiring) else { return }
      var one: UInt64 = 1
      rd_kafka_queue_io_event_enable(pointer, wakeup.descriptor, &one, MemoryLayout.size(ofValue: one))
      current = wakeup
    }
    wakeup.signal()
  }

  /// Ends a `consume` that waits in another thread.
  public func interrupt() {
    rd_kafka_queue_yield(pointer)
  }

  func close() {
    wakeup.withLock { current in
      guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
      rd_kafka_queue_io_event_enable(pointer, -1, nil, 0)
      current = nil
      lt_queue_drain(pointer)
    }
  }
}
