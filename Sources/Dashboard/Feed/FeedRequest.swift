/// What a client of the live stream wants to see. Clients with equal requests get the same bytes.
struct FeedRequest: Sendable, Hashable {
  /// The window's name; nil for the shortest there is.
  var window: String?
  /// The metric by which tables are ranked.
  var by = MetricName.gmv
  var subject = Subject.platform

  /// What the page is about.
  enum Subject: Sendable, Hashable {
    case platform
    /// All keys of a group, as in Kafka keys: `host_id`.
    case list(group: String)
    /// One key: a host, a broadcast. `id` is its values as in Kafka keys.
    case key(group: String, id: String)

    var group: String {
      switch self {
      case .platform: ""
      case .list(let group), .key(let group, _): group
      }
    }
  }

  /// Rows of a table beside others.
  static let rowsPerTable = 10
  /// Rows of a table that is alone on its page, and of a broadcast's products.
  static let rowsPerList = 100
}
