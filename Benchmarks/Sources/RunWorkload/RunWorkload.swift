import Foundation
import Workloads

/// Runs a workload so many times and prints how many units that were and how long each took:
/// `run-workload NAME RUNS`. Without arguments it lists the names.
@main
struct RunWorkload {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let name = arguments.first else {
      for workload in Workload.all { print(workload.name, workload.unit) }
      return
    }
    guard let workload = Workload.all.first(where: { $0.name == name }),
      let runs = arguments.dropFirst().first.flatMap({ Int($0) }), runs >= 0
    else {
      FileHandle.standardError.write(
        Data("usage: run-workload [NAME RUNS]; without arguments it lists the names\n".utf8))
      exit(64)
    }
    let prepared = try workload.prepare()
    let began = ContinuousClock.now
    for _ in 0..<runs { try prepared.run() }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let units = prepared.units * runs
    print("\(units) \(workload.unit)s, \(String(format: "%.1f", seconds * 1e9 / Double(max(1, units)))) ns each")
  }
}
