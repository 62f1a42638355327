import LiveEvents
import WindowEngine

/// One event's bytes, as a line of a file or the value of a Kafka record.
public struct OracleInput: Sendable {
  public var bytes: [UInt8]
  /// The Kafka record's timestamp in milliseconds; `nil` in files, which have none.
  public var recordTimestamp: Int64?

  public init(bytes: [UInt8], recordTimestamp: Int64? = nil) {
    self.bytes = bytes
    self.recordTimestamp = recordTimestamp
  }
}

/// What is computed: the parts of a configuration that decide the content of final records.
public struct OraclePlan: Sendable {
  public var time: TimePolicy
  public var windows: [WindowDefinition]
  /// The groups of windows that have no list of their own.
  public var groups: [Grouping]
  public var leaderboards: [LeaderboardDefinition]
  /// The reporting currency.
  public var currency: String
  /// What one unit of another currency is worth in the reporting one, as a decimal numeral.
  public var rates: [String: String]
  /// The most keys of a (source partition, pane, group); at least 1.
  public var maxKeys: Int

  public init(
    time: TimePolicy = TimePolicy(), windows: [WindowDefinition], groups: [Grouping],
    leaderboards: [LeaderboardDefinition] = [], currency: String = "CNY", rates: [String: String] = [:],
    maxKeys: Int = 1_000_000
  ) {
    self.time = time
    self.windows = windows
    self.groups = groups
    self.leaderboards = leaderboards
    self.currency = currency
    self.rates = rates
    self.maxKeys = maxKeys
  }

  func groups(of window: WindowDefinition) -> [Grouping] { unique(window.groups ?? groups) }

  /// Every group that any window or leaderboard computes.
  var allGroups: [Grouping] { unique(windows.flatMap { groups(of: $0) } + leaderboards.map(\.group)) }

  private func unique(_ list: [Grouping]) -> [Grouping] {
    var result: [Grouping] = []
    for group in list where !result.contains(group) { result.append(group) }
    return result
  }
}

/// Where the partitions' logs are read from next.
///
/// It decides only the order in which rejects are listed: each partition judges its own log on its own.
public enum ReadOrder: Sendable {
  /// One partition after the other.
  case byPartition
  /// Always the partition whose watermark is lowest; of equal ones the first.
  case aligned
}

/// A recorded advance of an idle partition's watermark.
public struct IdleAdvance: Sendable {
  public var partition: Int
  /// The position in the partition's log before which the advance took effect.
  public var beforeIndex: Int
  /// The watermark is at least this from then on.
  public var watermark: Int64

  public init(partition: Int, beforeIndex: Int, watermark: Int64) {
    self.partition = partition
    self.beforeIndex = beforeIndex
    self.watermark = watermark
  }
}

/// An event that was not counted.
public struct OracleReject: Equatable, Sendable {
  public var partition: Int
  public var index: Int
  public var reason: RejectReason

  public init(partition: Int, index: Int, reason: RejectReason) {
    self.partition = partition
    self.index = index
    self.reason = reason
  }
}

/// The last content of one identity.
public struct OracleRecord: Equatable, Sendable {
  public enum Topic: Sendable {
    case metrics, leaderboards
  }

  public var topic: Topic
  /// The Kafka key.
  public var key: String
  public var windowStart: Int64
  public var windowEnd: Int64
  /// Every field of the JSON value except `revision` and `final`: numbers as exact decimal text without trailing
  /// fraction zeros, null as `null`, strings raw, arrays and objects as JSON without whitespace and with sorted keys.
  public var fields: [String: String]
}

/// What the oracle expects of a whole input.
public struct OracleResult: Sendable {
  public var records: [OracleRecord]
  /// Every rejected event but duplicates, in reading order.
  public var rejects: [OracleReject]
  /// The events that were not counted as duplicates, in reading order.
  public var duplicateEvents: [OracleReject]
  public var duplicates: Int { duplicateEvents.count }
}

/// Final records straight from the definitions: collect the counted events, then add up every window of every key.
public struct Oracle {
  private let plan: OraclePlan
  private let hash: ([UInt8]) -> UInt64

  /// - Parameter hash: the 64-bit hash of an identifier's bytes; it matters only to distinct counts.
  public init(plan: OraclePlan, hash: @escaping ([UInt8]) -> UInt64) {
    self.plan = plan
    self.hash = hash
  }

  /// Reads every partition's log to its end, and closes all windows as if time had gone on after that.
  public func run(
    _ partitions: [[OracleInput]], order: ReadOrder = .byPartition, idleAdvances: [IdleAdvance] = []
  ) -> OracleResult {
    var logs = partitions.indices.map { partition in
      PartitionLog(
        partition: partition, inputs: partitions[partition],
        advances: idleAdvances.filter { $0.partition == partition }, plan: plan, hash: hash)
    }
    var events: [CountedEvent] = []
    var rejects: [OracleReject] = []
    while true {
      let open = logs.indices.filter { !logs[$0].isAtEnd }
      if open.isEmpty { break }
      var next = open[0]
      if order == .aligned {
        for partition in open where logs[partition].watermark < logs[next].watermark { next = partition }
      }
      switch logs[next].readNext() {
      case .counted(let event): events.append(event)
      case .rejected(let reject): rejects.append(reject)
      }
    }
    return OracleResult(
      records: FinalRecords(plan: plan, events: events).all(),
      rejects: rejects.filter { $0.reason != .duplicate },
      duplicateEvents: rejects.filter { $0.reason == .duplicate })
  }
}
