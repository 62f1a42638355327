// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "livetally-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "livetally", path: ".."),
    // Its counts of allocations need packages of their own; here wall and CPU time are measured.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    .target(
      name: "Workloads",
      dependencies: [
        .product(name: "LiveEvents", package: "livetally"), .product(name: "WindowEngine", package: "livetally"),
        .product(name: "Pipeline", package: "livetally"), .product(name: "Traffic", package: "livetally"),
      ]
    ),
    .executableTarget(name: "run-workload", dependencies: ["Workloads"], path: "Sources/RunWorkload"),
    .executableTarget(
      name: "Engine",
      dependencies: ["Workloads", .product(name: "Benchmark", package: "benchmark")],
      path: "Benchmarks/Engine",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
    ),
  ]
)
