import CLibrdkafka

/// Who a consumer is in its group at one moment: group, member, generation. Sent along with a transaction's offsets it
/// fences a consumer that the group has replaced (KIP-447).
public final class ConsumerGroupMetadata: @unchecked Sendable {
  let pointer: OpaquePointer

  init(taking pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    rd_kafka_consumer_group_metadata_destroy(pointer)
  }
}
