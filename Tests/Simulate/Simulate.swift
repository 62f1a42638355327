import Foundation
import Simulation

/// Runs many seeds of the simulation, or one.
///
///     simulate [--seeds N] [--first SEED] [--sabotage]
@main
struct Simulate {
  static func main() {
    // The order of a dictionary must not make a run differ from its repetition.
    if ProcessInfo.processInfo.environment["SWIFT_DETERMINISTIC_HASHING"] == nil {
      setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
      var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
      execv("/proc/self/exe", &arguments)
    }
    let arguments = CommandLine.arguments
    func value(_ name: String) -> UInt64? {
      arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? UInt64(arguments[$0 + 1]) : nil }
    }
    let seeds = value("--seeds") ?? 500
    let first = value("--first") ?? 1
    if arguments.contains("--sabotage") { exit(sabotage(first: first, seeds: seeds)) }
    exit(simulate(first: first, seeds: seeds))
  }

  /// Every seed must keep every invariant.
  private static func simulate(first: UInt64, seeds: UInt64) -> Int32 {
    let clock = ContinuousClock()
    let began = clock.now
    let total = Total()
    DispatchQueue.concurrentPerform(iterations: Int(seeds)) { i in
      let outcome = Simulation.run(seed: first + UInt64(i))
      total.add(outcome)
      if !outcome.violations.isEmpty {
        print("seed \(outcome.seed) breaks:")
        for violation in outcome.violations.prefix(8) { print("  \(violation)") }
        print("  again: swift run -c release simulate --seeds 1 --first \(outcome.seed)")
      }
    }
    print("faults:")
    for fault in Fault.allCases { print("  \(total.faults[fault]) \(fault.rawValue)") }
    print(
      "\(seeds) seeds from \(first): \(total.finals) final and \(total.live) live records, \(total.rejects) rejects, in "
        + "\((clock.now - began) / .seconds(1)) s")
    print("\(Int(seeds) - total.broken) passed, \(total.broken) failed")
    return total.broken == 0 ? 0 : 1
  }

  /// Broken seeds of one mistake after which the others are not tried any more.
  private static let enough = 10

  /// Every mistake must break an invariant with some seed.
  private static func sabotage(first: UInt64, seeds: UInt64) -> Int32 {
    var missed = 0
    for mistake in Sabotage.allCases {
      let total = Total()
      DispatchQueue.concurrentPerform(iterations: Int(seeds)) { i in
        if total.broken >= enough { return }
        total.add(Simulation.run(seed: first + UInt64(i), sabotage: mistake))
      }
      if total.broken == 0 { missed += 1 }
      let broken = Invariant.allCases.filter { total.broken(of: $0) > 0 }
        .map { "\($0.rawValue) (\(total.broken(of: $0)))" }
      print(
        "\(total.broken > 0 ? "noticed" : "MISSED ") \(mistake.rawValue): \(total.broken) of \(total.runs) seeds break "
          + (broken.isEmpty ? "nothing" : broken.joined(separator: "; ")))
    }
    print("\(Sabotage.allCases.count - missed) passed, \(missed) failed")
    return missed == 0 ? 0 : 1
  }
}

/// The sum of many outcomes.
private final class Total: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var faults = FaultCounts()
  private(set) var broken = 0
  private(set) var runs = 0
  private(set) var finals = 0
  private(set) var live = 0
  private(set) var rejects = 0
  private var invariants: [Invariant: Int] = [:]

  func add(_ outcome: Simulation.Outcome) {
    lock.withLock {
      runs += 1
      faults.add(outcome.faults)
      finals += outcome.finalRecords
      live += outcome.liveRecords
      rejects += outcome.rejects
      if !outcome.violations.isEmpty { broken += 1 }
      for invariant in Set(outcome.violations.map(\.invariant)) { invariants[invariant, default: 0] += 1 }
    }
  }

  func broken(of invariant: Invariant) -> Int { invariants[invariant] ?? 0 }
}
