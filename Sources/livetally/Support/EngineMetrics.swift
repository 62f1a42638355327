import Dashboard
import Kafka
import LiveEvents
import Pipeline

/// The engine's figures under the names that Prometheus scrapes; docs/reference/engine-metrics.md explains each.
struct EngineMetrics {
  private let topics: Configuration.Topics
  private let memoryLimitBytes: Int64
  private let figures: Snapshot

  static func list(_ figures: Snapshot, of configuration: Configuration) -> [EngineMetric] {
    let all = EngineMetrics(
      topics: configuration.topics, memoryLimitBytes: configuration.limits.memoryBytes, figures: figures)
    return all.events + all.sources + all.state + all.transactions + all.output + all.process
  }

  private var events: [EngineMetric] {
    let counts = figures.counts
    var metrics: [EngineMetric] = []
    func add(_ outcome: String, _ type: String, _ count: UInt64) {
      metrics.append(
        .counter(
          "livetally_events_total", "Events whose commit is acknowledged, by what became of them.", count,
          ["type": type, "outcome": outcome]))
    }
    for type in EventType.allCases {
      let i = Int(type.rawValue)
      add("counted", type.jsonName, counts.accepted[i])
      add("too_late", type.jsonName, counts.tooLate[i])
      // Only purchases have ids by which they are known again.
      if type.isPurchase { add("duplicate", type.jsonName, counts.duplicates[i]) }
    }
    let unread = RejectReason.allCases.filter { $0 != .tooLate && $0 != .duplicate }
    add("invalid", "unknown", unread.reduce(0) { $0 + counts[$1] })
    for reason in RejectReason.allCases {
      metrics.append(
        .counter(
          "livetally_events_rejected_total", "Events that were not counted, duplicates among them.", counts[reason],
          ["reason": reason.rawValue]))
    }
    metrics.append(.counter("livetally_event_bytes_total", "Bytes of the values of all events.", counts.bytes))
    return metrics
  }

  private var sources: [EngineMetric] {
    var metrics: [EngineMetric] = []
    for one in figures.partitions {
      let labels = ["topic": one.partition.topic, "partition": String(one.partition.partition)]
      if let lag = one.lag {
        metrics.append(
          .gauge("livetally_lag_records", "Records of a source partition that are not read yet.", lag, labels))
      }
      if let watermark = one.watermark {
        if let newest = figures.newest {
          metrics.append(
            .gauge(
              "livetally_watermark_delay_seconds",
              "How far the watermark is behind the newest event of all partitions.",
              Double(max(0, newest - watermark)) / 1000, labels))
        }
        metrics.append(
          .gauge(
            "livetally_watermark_timestamp_seconds", "The watermark of a source partition, since the epoch.",
            Double(watermark) / 1000, labels))
      }
      metrics.append(
        .gauge(
          "livetally_source_idle", "1 while a source partition is read to its end and silent.", one.isIdle,
          labels))
    }
    if let newest = figures.newest {
      metrics.append(
        .gauge(
          "livetally_newest_event_timestamp_seconds", "The newest event time, since the epoch.",
          Double(newest) / 1000))
    }
    metrics += [
      .gauge("livetally_source_partitions", "Source partitions that there are.", figures.sourcePartitions),
      .gauge(
        "livetally_assigned_partitions", "Source partitions that this instance reads.", figures.partitions.count),
      .gauge("livetally_shards", "Shards that there are.", figures.shards),
      .gauge("livetally_assigned_shards", "Shards that this instance rolls up.", figures.assignedShards),
      .gauge(
        "livetally_brokers_reachable", "1 while every broker that the reading client needs answers.",
        figures.areBrokersReachable),
    ]
    for role in ConsumerRole.allCases {
      metrics.append(
        .counter(
          "livetally_rebalances_total", "Changes of the assignment.", figures.rebalances[role] ?? 0,
          ["group": role.rawValue]))
      metrics.append(
        .counter(
          "livetally_client_errors_total", "Errors of the consumers.", figures.clientErrors[role] ?? 0,
          ["group": role.rawValue]))
    }
    return metrics
  }

  private var state: [EngineMetric] {
    var metrics: [EngineMetric] = [
      .gauge("livetally_keys", "States of (window, key).", figures.keys),
      .gauge("livetally_open_panes", "Panes in the lanes that can still change.", figures.openPanes),
      .gauge("livetally_lane_bytes", "Memory of the lanes' state, about.", figures.laneBytes),
      .gauge("livetally_ring_capacity", "Hand-overs that the ring of a lane holds.", figures.ringCapacity),
    ]
    for (lane, depth) in figures.ringDepths.enumerated() {
      metrics.append(
        .gauge(
          "livetally_ring_depth", "Hand-overs of a lane that wait for the committer.", depth, ["lane": String(lane)]))
    }
    metrics += [
      .gauge(
        "livetally_key_limit_reached", "1 once a group had more keys in a pane than limits.max_keys.",
        figures.hasOverflow),
      .gauge(
        "livetally_sum_limit_reached", "1 once a sum has stopped at the largest amount.", figures.isSaturated),
      .counter(
        "livetally_dropped_partials_total", "Counts of closed panes that came too late for the rollup.",
        figures.droppedPartials),
    ]
    for (state, role, count) in [
      ("source_partition", ConsumerRole.ingest, figures.restoredPartitions),
      ("shard", ConsumerRole.rollup, figures.restoredShards),
    ] {
      metrics.append(.counter("livetally_restores_total", "Restores of stored state.", count, ["state": state]))
      metrics.append(
        .counter(
          "livetally_restore_seconds_total", "Time that restores took.",
          seconds: Double(figures.restoreMilliseconds[role] ?? 0) / 1000, ["state": state]))
    }
    return metrics
  }

  private var transactions: [EngineMetric] {
    var metrics: [EngineMetric] = []
    for role in ConsumerRole.allCases {
      if let commits = figures.commits[role] {
        metrics.append(
          .durations(
            "livetally_commit_duration_seconds", "How long acknowledged commits took.", commits,
            ["transaction": role.rawValue]))
      }
      for cause in AbortCause.allCases {
        metrics.append(
          .counter(
            "livetally_transactions_aborted_total", "Transactions that were aborted and tried again.",
            figures.aborts[role]?[cause] ?? 0, ["transaction": role.rawValue, "cause": cause.rawValue]))
      }
    }
    metrics.append(
      .counter("livetally_client_restarts_total", "Times that all Kafka clients were made anew.", figures.restarts))
    return metrics
  }

  private var output: [EngineMetric] {
    var metrics: [EngineMetric] = []
    let records = zip([topics.metrics, topics.live, topics.leaderboards], figures.published)
    for (topic, count) in Array(records) + [(topics.rejects, figures.rejectRecords)] {
      metrics.append(
        .counter(
          "livetally_records_published_total", "Records of acknowledged commits.", count, ["topic": topic]))
    }
    metrics.append(
      .counter(
        "livetally_published_bytes_total", "Bytes of metric records and leaderboards, before compression.",
        figures.publishedBytes))
    for (state, bytes) in [
      ("partials", figures.partialBytes), ("checkpoints", figures.checkpointBytes),
      ("changelog", figures.changelogBytes),
    ] {
      metrics.append(
        .counter(
          "livetally_state_bytes_total", "Bytes written to the internal topics, before compression.", bytes,
          ["state": state]))
    }
    if let latencies = figures.latencies {
      metrics.append(
        .durations(
          "livetally_end_to_end_latency_seconds",
          "From an event's record timestamp until the commit with its live record is acknowledged.", latencies))
    }
    return metrics
  }

  private var process: [EngineMetric] {
    [
      .gauge("livetally_memory_limit_bytes", "limits.memory of the configuration.", memoryLimitBytes),
      .gauge(
        "livetally_build_info", "Always 1; the labels say what runs.", true,
        ["version": Version.text, "librdkafka": kafkaVersion()]),
    ]
  }
}

extension EngineMetric {
  fileprivate static func durations(
    _ name: String, _ help: String, _ durations: Durations, _ labels: [String: String] = [:]
  ) -> EngineMetric {
    let buckets = zip(durations.bounds, durations.counts).map { Bucket(upperBound: $0, count: $1) }
    return EngineMetric(
      name: name, help: help, type: .histogram, labels: labels,
      value: .histogram(buckets: buckets, sum: durations.seconds, count: durations.count))
  }
}
