/// A piece of the program's work that can be done again and again.
public struct Workload: Sendable {
  /// Short and lower case; what `run-workload` and the table of instructions call it.
  public let name: String
  /// What is counted: events, elements, records.
  public let unit: String
  /// Sets everything up; what it returns does the work once each time.
  public let prepare: @Sendable () throws -> Prepared

  init(_ name: String, unit: String = "event", prepare: @escaping @Sendable () throws -> Prepared) {
    self.name = name
    self.unit = unit
    self.prepare = prepare
  }

  /// A workload that is ready to be run.
  public struct Prepared {
    /// How many units one run does.
    public let units: Int
    /// Does the work once.
    public let run: () throws -> Void
  }

  /// All of them.
  public static let all: [Workload] = [
    .decode("decode", order: .usual), .decode("decode-any-order", order: .any), .count, .ring, .ringBatch, .rollUp,
    .slide(minutes: 2), .slide(minutes: 20), .replay,
  ]
}
