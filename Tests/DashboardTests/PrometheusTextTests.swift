import Testing

@testable import Dashboard

@Suite struct PrometheusTextTests {
  @Test func familiesAreGroupedAndEscaped() {
    let text = PrometheusText.render([
      EngineMetric(
        name: "lt_records_total", help: "Records\\taken\nin.", type: .counter,
        labels: ["topic": "a\"b\\c\nd", "partition": "3"], value: .number(12_345_678_901)),
      EngineMetric(name: "lt_lag_seconds", help: "Lag.", type: .gauge, value: .number(0.25)),
      EngineMetric(
        name: "lt_records_total", help: "Another text.", type: .counter, labels: ["topic": "e"], value: .number(1)),
      EngineMetric(name: "lt_lag_seconds", help: "Lag.", type: .counter, value: .number(9)),
    ])
    #expect(
      text == """
        # HELP lt_records_total Records\\\\taken\\nin.
        # TYPE lt_records_total counter
        lt_records_total{partition="3",topic="a\\"b\\\\c\\nd"} 12345678901
        lt_records_total{topic="e"} 1
        # HELP lt_lag_seconds Lag.
        # TYPE lt_lag_seconds gauge
        lt_lag_seconds 0.25

        """)
  }

  @Test func histogramsEndWithInfinitySumAndCount() {
    let text = PrometheusText.render([
      EngineMetric(
        name: "lt_commit_seconds", help: "Commit.", type: .histogram, labels: ["stage": "ingest"],
        value: .histogram(
          buckets: [.init(upperBound: 0.005, count: 3), .init(upperBound: 1, count: 5)], sum: 1.5, count: 6))
    ])
    #expect(
      text == """
        # HELP lt_commit_seconds Commit.
        # TYPE lt_commit_seconds histogram
        lt_commit_seconds_bucket{stage="ingest",le="0.005"} 3
        lt_commit_seconds_bucket{stage="ingest",le="1"} 5
        lt_commit_seconds_bucket{stage="ingest",le="+Inf"} 6
        lt_commit_seconds_sum{stage="ingest"} 1.5
        lt_commit_seconds_count{stage="ingest"} 6

        """)
  }

  @Test func namesAndNumbersAreMadeValid() {
    let text = PrometheusText.render([
      EngineMetric(name: "9 bad-näme", help: "", type: .gauge, labels: ["a:b": ""], value: .number(.infinity)),
      EngineMetric(name: "nan", help: "", type: .gauge, value: .number(.nan)),
    ])
    #expect(text.contains("_9_bad_n_me{a_b=\"\"} +Inf\n"))
    #expect(text.contains("nan NaN\n"))
  }
}
