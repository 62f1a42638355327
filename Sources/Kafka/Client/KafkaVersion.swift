import CLibrdkafka

/// The version of the librdkafka that this process runs with, such as `2.0.2`. It may be newer than the one it was
/// built with.
public func kafkaVersion() -> String {
  String(cString: rd_kafka_version_str())
}
