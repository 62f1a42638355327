/// What a client has to tell its owner between calls.
public enum ClientEvent: Sendable {
  /// The group gave these partitions to this consumer, besides those it has (cooperative) or as the whole (eager).
  /// The rebalance waits until the owner calls ``Consumer/assign(_:)``; also for an empty list.
  case assigned([TopicPartition])
  /// The group wants these partitions back. The rebalance waits until the owner calls ``Consumer/unassign(_:)``,
  /// which it does when it has finished with them. `lost`: another member may already have them, so nothing may be
  /// committed for them any more.
  case revoked([TopicPartition], lost: Bool)
  /// An asynchronous commit ended.
  case offsetsCommitted([PartitionOffset], KafkaError?)
  /// Something went wrong in the background. Unless the kind is fatal or fenced, the client goes on trying.
  case error(KafkaError)
  /// The figures asked for with `statistics.interval.ms`.
  case statistics(Statistics)
}
