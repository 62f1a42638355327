import CLibrdkafka
import Glibc

/// Owns one of librdkafka's partition lists.
struct TopicPartitionList: ~Copyable {
  let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(_ partitions: some Collection<TopicPartition>) {
    self.init(partitions) { ($0, Int64(RD_KAFKA_OFFSET_INVALID), nil) }
  }

  init(_ offsets: some Collection<PartitionOffset>) {
    self.init(offsets) { ($0.partition, $0.offset, $0.metadata) }
  }

  init(_ starts: some Collection<(partition: TopicPartition, start: StartOffset)>) {
    self.init(starts) { ($0.partition, $0.start.rawValue, nil) }
  }

  private init<Element>(
    _ elements: some Collection<Element>, as entry: (Element) -> (TopicPartition, offset: Int64, metadata: String?)
  ) {
    pointer = rd_kafka_topic_partition_list_new(Int32(elements.count))
    for element in elements {
      let (partition, offset, metadata) = entry(element)
      let added = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition)!
      added.pointee.offset = offset
      if let metadata {
        // Freed with the list, by free().
        added.pointee.metadata = UnsafeMutableRawPointer(strdup(metadata))
        added.pointee.metadata_size = metadata.utf8.count
      }
    }
  }

  deinit {
    rd_kafka_topic_partition_list_destroy(pointer)
  }
}

extension UnsafeMutablePointer<rd_kafka_topic_partition_list_t> {
  var entries: UnsafeBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
  }

  var partitions: [TopicPartition] { entries.map(\.address) }

  /// The entries that have an offset.
  var offsets: [PartitionOffset] {
    entries.filter { $0.offset >= 0 }.map { entry in
      let bytes = UnsafeRawBufferPointer(start: entry.metadata, count: entry.metadata_size)
      let metadata = bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
      return PartitionOffset(entry.address, offset: entry.offset, metadata: metadata)
    }
  }

  /// The first entry that librdkafka marked as failed.
  func firstError(operation: String) -> KafkaError? {
    entries.first { $0.err != RD_KAFKA_RESP_ERR_NO_ERROR }.map {
      KafkaError(code: $0.err, operation: operation).at($0.address, offset: $0.offset)
    }
  }
}

extension rd_kafka_topic_partition_t {
  fileprivate var address: TopicPartition { TopicPartition(String(cString: topic), partition) }
}

extension StartOffset {
  fileprivate var rawValue: Int64 {
    switch self {
    case .offset(let offset): offset
    case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
    case .end: Int64(RD_KAFKA_OFFSET_END)
    case .committed: Int64(RD_KAFKA_OFFSET_STORED)
    }
  }
}
