/// Whether the daemon does its work, for `/readyz`.
public enum Readiness: Sendable, Equatable {
  /// What this instance is to do is assigned and restored, and what comes of it is published.
  case ready
  /// Not yet or not now; the reason is one sentence.
  case notReady(String)
}
