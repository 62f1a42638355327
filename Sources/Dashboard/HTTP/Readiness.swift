/// Whether the daemon does its work, for `/readyz`.
public enum Readiness: Sendable, Equatable {
  /// Partitions are assigned and records flow or could flow.
  case ready
  /// Not yet or not now; the reason is one sentence.
  case notReady(String)
}
