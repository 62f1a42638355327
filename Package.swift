// swift-tools-version: 6.2
import PackageDescription

// Continuous integration sets this; a newer compiler's new warning must not stop a user's build.
let warnings: [SwiftSetting] =
  Context.environment["LIVETALLY_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]

let package = Package(
  name: "livetally",
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    .target(name: "LiveEvents"),
    .target(name: "WindowEngine", dependencies: ["LiveEvents"]),
    .target(name: "CLibrdkafka", linkerSettings: [.linkedLibrary("rdkafka")]),
    .target(name: "Kafka", dependencies: ["CLibrdkafka", .product(name: "Logging", package: "swift-log")]),
    .target(
      name: "Dashboard",
      dependencies: [
        .product(name: "FlyingFox", package: "FlyingFox"), .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.embedInCode("Web")]
    ),
    .target(name: "Traffic"),
    .target(name: "Oracle", dependencies: ["LiveEvents", "WindowEngine"], path: "Tests/Oracle"),
    .testTarget(name: "LiveEventsTests", dependencies: ["LiveEvents"]),
    .testTarget(name: "WindowEngineTests", dependencies: ["WindowEngine", "Oracle"]),
    .testTarget(name: "OracleTests", dependencies: ["Oracle"]),
    .testTarget(name: "KafkaTests", dependencies: ["Kafka"]),
    .testTarget(name: "DashboardTests", dependencies: ["Dashboard"]),
    .testTarget(name: "TrafficTests", dependencies: ["Traffic"]),
  ]
)

for target in package.targets where target.type != .system { target.swiftSettings = warnings }
