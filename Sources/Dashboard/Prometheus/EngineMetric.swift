/// One sample for `/metrics`. Samples of one name form a family and share its help and type.
public struct EngineMetric: Sendable, Equatable {
  /// The family's type, as Prometheus names it.
  public enum Kind: String, Sendable {
    /// Only rises; its name ends with `_total`.
    case counter
    /// Rises and falls.
    case gauge
    /// Counts by bucket, with sum and count.
    case histogram
  }

  /// The number, or the buckets of a histogram.
  public enum Value: Sendable, Equatable {
    /// A counter's or gauge's value.
    case number(Double)
    /// `buckets`: the count of observations up to and including each bound, cumulative, bounds rising; the bucket
    /// `+Inf` may be left out, it equals `count`.
    case histogram(buckets: [Bucket], sum: Double, count: UInt64)
  }

  /// Observations up to and including `upperBound`.
  public struct Bucket: Sendable, Equatable {
    /// In the metric's unit.
    public var upperBound: Double
    /// Cumulative.
    public var count: UInt64

    /// A bucket.
    public init(upperBound: Double, count: UInt64) {
      self.upperBound = upperBound
      self.count = count
    }
  }

  /// The family's name, with its unit: `livetally_lane_lag_seconds`.
  public var name: String
  /// One sentence.
  public var help: String
  /// The type.
  public var type: Kind
  /// Label names and values.
  public var labels: [String: String]
  /// The value.
  public var value: Value

  /// A sample.
  public init(name: String, help: String, type: Kind, labels: [String: String] = [:], value: Value) {
    self.name = name
    self.help = help
    self.type = type
    self.labels = labels
    self.value = value
  }
}
