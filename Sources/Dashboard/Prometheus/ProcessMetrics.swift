import Foundation

/// What every Prometheus client says about its process, under the same names
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). Linux only.
enum ProcessMetrics {
  /// What cannot be read is left out.
  static func list() -> [EngineMetric] {
    var metrics: [EngineMetric] = []
    if let stat = Stat(read("/proc/self/stat")) {
      let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
      metrics += [
        .counter("process_cpu_seconds_total", "User and system time.", seconds: Double(stat.cpuTicks) / ticks),
        .gauge("process_virtual_memory_bytes", "Virtual memory.", stat.virtualBytes),
        .gauge(
          "process_resident_memory_bytes", "Resident memory.", stat.residentPages * Int(sysconf(Int32(_SC_PAGESIZE)))),
        .gauge("process_threads", "Threads.", stat.threads),
      ]
      // Not from /proc/stat, which a hardened service does not see.
      metrics.append(
        .gauge(
          "process_start_time_seconds", "When the process was started, since the epoch.",
          seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME) + Double(stat.startTicks) / ticks))
    }
    if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
      metrics.append(.gauge("process_open_fds", "Open file descriptors.", open.count))
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      metrics.append(.gauge("process_max_fds", "File descriptors that may be open.", limit.rlim_cur))
    }
    return metrics
  }

  /// The fields of `/proc/self/stat` that are of use here (proc(5)).
  struct Stat {
    let cpuTicks: UInt64
    let threads: Int
    let startTicks: UInt64
    let virtualBytes: UInt64
    let residentPages: Int

    /// Nil where `text` is not of that form.
    init?(_ text: String?) {
      // The second field is the program's name in parentheses and may hold anything.
      guard let text, let end = text.lastIndex(of: ")") else { return nil }
      let fields = text[text.index(after: end)...].split(separator: " ")
      // Numbered from 1 in proc(5); the first one here is the third.
      func field(_ number: Int) -> Substring? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
      guard let user = field(14).flatMap({ UInt64($0) }), let system = field(15).flatMap({ UInt64($0) }),
        let threads = field(20).flatMap({ Int($0) }), let start = field(22).flatMap({ UInt64($0) }),
        let virtual = field(23).flatMap({ UInt64($0) }), let resident = field(24).flatMap({ Int($0) })
      else { return nil }
      cpuTicks = user + system
      self.threads = threads
      startTicks = start
      virtualBytes = virtual
      residentPages = resident
    }
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
