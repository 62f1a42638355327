import Foundation
import Simulation
import Testing

/// A whole cluster with crashes, pauses, lost brokers and rebalances, under the real lanes, committers and rollups.
///
/// `LIVETALLY_TEST_SEEDS` sets how many seeds are tried (20). `scripts/simulate` runs many more, in a release build.
@Suite struct SimulationTests {
  static let seeds = ProcessInfo.processInfo.environment["LIVETALLY_TEST_SEEDS"].flatMap(UInt64.init) ?? 20

  @Test func everySeedKeepsEveryInvariant() {
    var faults = FaultCounts()
    for seed in 1...Self.seeds {
      let outcome = Simulation.run(seed: seed)
      faults.add(outcome.faults)
      #expect(
        outcome.violations.isEmpty,
        "seed \(seed): \(outcome.violations.prefix(3)); again: swift run -c release simulate --seeds 1 --first \(seed)")
    }
    #expect(faults[.crash] > 0 && faults[.pause] > 0 && faults[.abort] > 0 && faults[.restore] > 0)
  }
}
