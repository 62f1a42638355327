/// What the HTTP side says about itself.
enum DashboardMetrics {
  static func list(_ board: LiveBoard, _ clients: ClientCounter) -> [EngineMetric] {
    let counters = board.counters
    return [
      .gauge("livetally_dashboard_clients", "Clients of the live stream.", clients.count),
      .counter(
        "livetally_dashboard_slow_clients_total", "Clients dropped because they were too slow.", clients.dropped),
      .gauge("livetally_dashboard_keys", "Keys of live records the dashboard holds.", counters.keys),
      .counter(
        "livetally_dashboard_dropped_records_total", "Records of new keys that found the dashboard full.",
        counters.droppedKeys),
      .counter(
        "livetally_dashboard_malformed_records_total", "Records the dashboard could not read.",
        counters.malformedRecords),
    ]
  }
}
