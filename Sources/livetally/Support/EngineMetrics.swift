import Dashboard
import Foundation
import LiveEvents
import Pipeline

/// The engine's figures under the names that Prometheus scrapes.
enum EngineMetrics {
  static func list(_ figures: DaemonStatistics.Snapshot) -> [EngineMetric] {
    var metrics: [EngineMetric] = []
    for type in EventType.allCases {
      metrics.append(
        counter(
          "livetally_events_total", "Events that were counted.", figures.counts.accepted[Int(type.rawValue)],
          ["type": type.jsonName]))
    }
    for reason in RejectReason.allCases {
      metrics.append(
        counter(
          "livetally_events_rejected_total", "Events that were not counted, duplicates among them.",
          figures.counts[reason], ["reason": reason.rawValue]))
    }
    metrics.append(counter("livetally_event_bytes_total", "Bytes of all events read.", figures.counts.bytes))
    for (topic, count) in zip(["metrics", "live", "leaderboards"], figures.published) {
      metrics.append(
        counter("livetally_records_published_total", "Records handed to the producers.", count, ["topic": topic]))
    }
    metrics.append(counter("livetally_published_bytes_total", "Bytes of published records.", figures.publishedBytes))
    for role in ConsumerRole.allCases {
      metrics.append(commitTimes(role, figures.commits[role] ?? CommitTimes()))
      for cause in AbortCause.allCases {
        metrics.append(
          counter(
            "livetally_transactions_aborted_total", "Transactions that were aborted and tried again.",
            figures.aborts[role]?[cause] ?? 0, ["transaction": role.rawValue, "cause": cause.rawValue]))
      }
    }
    for (what, count) in [("source_partition", figures.restoredPartitions), ("shard", figures.restoredShards)] {
      metrics.append(
        counter("livetally_restores_total", "Restores from the checkpoints topic.", count, ["state": what]))
    }
    metrics.append(
      EngineMetric(
        name: "livetally_restore_seconds_total", help: "Time that restores took.", type: .counter,
        value: .number(Double(figures.restoreMilliseconds) / 1000)))
    metrics.append(
      counter("livetally_client_restarts_total", "Times that all Kafka clients were made anew.", figures.restarts))
    for (what, bytes) in [
      ("partials", figures.partialBytes), ("checkpoints", figures.checkpointBytes),
      ("changelog", figures.changelogBytes),
    ] {
      metrics.append(
        counter(
          "livetally_state_bytes_total", "Bytes written to the internal topics, before compression.", bytes,
          ["state": what]))
    }
    metrics.append(counter("livetally_rebalances_total", "Changes of the assignment.", figures.rebalances))
    metrics.append(counter("livetally_client_errors_total", "Errors of the Kafka clients.", figures.clientErrors))
    for (partition, lag) in figures.lag.sorted(by: { $0.key < $1.key }) {
      metrics.append(
        gauge(
          "livetally_lag_records", "Records of a source partition that are not read yet.", Double(lag),
          ["topic": partition.topic, "partition": String(partition.partition)]))
    }
    for (partition, watermark) in figures.watermarks.sorted(by: { $0.key < $1.key }) {
      guard let newest = figures.newest else { break }
      metrics.append(
        gauge(
          "livetally_watermark_delay_seconds", "How far a source partition's watermark is behind the newest event.",
          Double(max(0, newest - watermark)) / 1000,
          ["topic": partition.topic, "partition": String(partition.partition)]))
    }
    metrics.append(
      gauge(
        "livetally_assigned_partitions", "Source partitions this instance reads.", Double(figures.assignedPartitions)))
    metrics.append(gauge("livetally_assigned_shards", "Shards this instance rolls up.", Double(figures.assignedShards)))
    metrics.append(
      gauge(
        "livetally_dropped_partials", "Partials of panes that had been closed; not 0 means that events are missing.",
        Double(figures.droppedPartials)))
    metrics.append(gauge("livetally_keys", "Keys with state in some window.", Double(figures.keys)))
    metrics.append(gauge("livetally_open_panes", "Panes that can still change.", Double(figures.openPanes)))
    metrics.append(gauge("livetally_lane_bytes", "Memory of the lanes' state.", Double(figures.laneBytes)))
    metrics.append(gauge("livetally_ring_depth", "Hand-overs that wait for the committer.", Double(figures.ringDepth)))
    metrics.append(
      gauge(
        "livetally_keys_overflowed", "1 if a group had more keys than limits.max_keys.", figures.hasOverflow ? 1 : 0))
    metrics.append(
      gauge("livetally_sum_saturated", "1 if a sum stopped at the largest amount.", figures.isSaturated ? 1 : 0))
    if let bytes = residentBytes {
      metrics.append(gauge("process_resident_memory_bytes", "Resident memory.", Double(bytes)))
    }
    return metrics
  }

  private static func commitTimes(_ role: ConsumerRole, _ times: CommitTimes) -> EngineMetric {
    var total: UInt64 = 0
    let buckets = zip(CommitTimes.bounds, times.counts).map { bound, count in
      total += count
      return EngineMetric.Bucket(upperBound: bound, count: total)
    }
    return EngineMetric(
      name: "livetally_commit_seconds", help: "How long commits took.", type: .histogram,
      labels: ["transaction": role.rawValue],
      value: .histogram(buckets: buckets, sum: times.seconds, count: times.count))
  }

  private static func counter(
    _ name: String, _ help: String, _ value: UInt64, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    EngineMetric(name: name, help: help, type: .counter, labels: labels, value: .number(Double(value)))
  }

  private static func gauge(
    _ name: String, _ help: String, _ value: Double, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    EngineMetric(name: name, help: help, type: .gauge, labels: labels, value: .number(value))
  }

  private static var residentBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map {
      $0 * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
  }
}
