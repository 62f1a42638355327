import Foundation
import Testing

@testable import Dashboard

@Suite struct ProcessMetricsTests {
  @Test func statIsReadWhateverTheProgramIsCalled() throws {
    let stat = try #require(
      ProcessMetrics.Stat(
        """
        4711 (a) b (c) S 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 123456 1048576 256 \
        18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0
        """))
    #expect(stat.cpuTicks == 300 && stat.threads == 7 && stat.startTicks == 123_456)
    #expect(stat.virtualBytes == 1_048_576 && stat.residentPages == 256)
    #expect(ProcessMetrics.Stat("4711 (short) S 1") == nil)
    #expect(ProcessMetrics.Stat(nil) == nil)
  }

  @Test func theProcessSaysWhatItTakes() throws {
    let metrics = ProcessMetrics.list()
    func value(_ name: String) throws -> Double {
      let metric = try #require(metrics.first { $0.name == name }, "\(name)")
      guard case .number(let value) = metric.value else { throw CancellationError() }
      return value
    }
    #expect(try value("process_resident_memory_bytes") > 1e6)
    #expect(try value("process_cpu_seconds_total") >= 0)
    #expect(try value("process_open_fds") >= 3)
    #expect(try value("process_max_fds") >= value("process_open_fds"))
    // It was started before now, and not before this machine's clock was of this century.
    let start = try value("process_start_time_seconds")
    #expect(start <= Date().timeIntervalSince1970 + 1 && start > 1e9)
  }

  @Test func thePlatformIsShownByWindow() {
    let board = LiveBoard()
    board.publish(topic: .live, key: "1m||".bytes, value: liveRecord(conversion: "null"))
    board.publish(topic: .live, key: "1m|host_id|h".bytes, value: liveRecord(group: ["host_id"], key: ["h"]))
    let text = PrometheusText.render(PlatformMetrics.list(board))
    #expect(text.contains("livetally_platform_gmv{currency=\"CNY\",window=\"1m\"} 310000\n"))
    #expect(text.contains("livetally_platform_orders{currency=\"CNY\",window=\"1m\"} 1021\n"))
    // 2020-06-16T12:01:00Z
    #expect(
      text.contains("livetally_platform_window_end_timestamp_seconds{currency=\"CNY\",window=\"1m\"} 1592308860\n"))
    // The shard of the platform has gone to another instance, others are still here and go on.
    board.publish(
      topic: .live, key: "1m|host_id|h".bytes,
      value: liveRecord(end: "2020-06-16T12:01:11.000Z", group: ["host_id"], key: ["h"]))
    #expect(PlatformMetrics.list(board).isEmpty)
    // What is null has no sample, and a group has none.
    #expect(!text.contains("livetally_platform_conversion_ratio") && text.split(separator: " 310000\n").count == 2)
  }
}
