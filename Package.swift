// swift-tools-version: 6.2
import PackageDescription

// Continuous integration sets this; a newer compiler's new warning must not stop a user's build.
let warnings: [SwiftSetting] =
  Context.environment["WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]

let package = Package(
  name: "livetally",
  products: [
    .executable(name: "livetally", targets: ["livetally"]),
    // For Benchmarks/.
    .library(name: "LiveEvents", targets: ["LiveEvents"]),
    .library(name: "WindowEngine", targets: ["WindowEngine"]),
    .library(name: "Pipeline", targets: ["Pipeline"]),
    .library(name: "Traffic", targets: ["Traffic"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    .target(name: "CStringIndex"),
    .target(name: "LiveEvents", dependencies: ["CStringIndex"]),
    .target(name: "CPrefetch"),
    .target(name: "CLineIndex"),
    .target(name: "CHyperLogLog"),
    .target(name: "WindowEngine", dependencies: ["LiveEvents", "CPrefetch", "CHyperLogLog"]),
    .target(name: "CLibrdkafka", linkerSettings: [.linkedLibrary("rdkafka")]),
    .target(name: "Kafka", dependencies: ["CLibrdkafka", .product(name: "Logging", package: "swift-log")]),
    .target(
      name: "Pipeline",
      dependencies: [
        "Kafka", "WindowEngine", "LiveEvents", "CLineIndex", .product(name: "Yams", package: "Yams"),
      ]
    ),
    .target(
      name: "Dashboard",
      dependencies: [
        "Kafka", .product(name: "FlyingFox", package: "FlyingFox"), .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.embedInCode("Web")]
    ),
    .target(name: "Traffic"),
    .executableTarget(
      name: "livetally",
      dependencies: [
        "Pipeline", "Dashboard", "Traffic", "Kafka", .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]
    ),
    .target(name: "Oracle", dependencies: ["LiveEvents", "WindowEngine"], path: "Tests/Oracle"),
    .target(
      name: "Simulation", dependencies: ["Oracle", "Pipeline", "WindowEngine", "LiveEvents", "Kafka"],
      path: "Tests/Simulation"
    ),
    .executableTarget(name: "simulate", dependencies: ["Simulation"], path: "Tests/Simulate"),
    .executableTarget(
      name: "state-bytes", dependencies: ["Pipeline", "WindowEngine", "LiveEvents", "Kafka", "Oracle", "Traffic"],
      path: "Tests/StateBytes"
    ),
    .testTarget(name: "LiveEventsTests", dependencies: ["LiveEvents", "CStringIndex"]),
    .testTarget(name: "WindowEngineTests", dependencies: ["WindowEngine", "Oracle", "CHyperLogLog"]),
    .testTarget(name: "OracleTests", dependencies: ["Oracle"]),
    .testTarget(name: "KafkaTests", dependencies: ["Kafka"]),
    .testTarget(name: "DashboardTests", dependencies: ["Dashboard", "Kafka"]),
    .testTarget(name: "TrafficTests", dependencies: ["Traffic"]),
    .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "CLineIndex", "Oracle", "Simulation"]),
  ]
)

for target in package.targets where target.type != .system { target.swiftSettings = warnings }
