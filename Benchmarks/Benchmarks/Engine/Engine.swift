import Benchmark
import Workloads

let benchmarks: @Sendable () -> Void = {
  for workload in Workload.all {
    Benchmark(
      "\(workload.name) (\(workload.unit)s)",
      configuration: .init(
        metrics: [.throughput, .wallClock, .cpuTotal, .peakMemoryResident], warmupIterations: 1,
        maxDuration: .seconds(3), maxIterations: 1000)
    ) { (benchmark, prepared: Workload.Prepared) in
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations { try! prepared.run() }
      benchmark.stopMeasurement()
    } setup: {
      try workload.prepare()
    }
  }
}
