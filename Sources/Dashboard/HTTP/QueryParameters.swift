import FlyingFox

/// The checked query of a request.
struct QueryParameters {
  private static let maxLength = 1_024
  private static let groupFields: Set<String> = [
    "session_id", "host_id", "mcn_id", "brand_id", "product_id", "category_id", "channel", "region", "currency",
  ]

  private let items: [HTTPRequest.QueryItem]

  /// - Parameter allowed: The names that may come, each once.
  init(_ request: HTTPRequest, allowed: [String]) throws(RequestProblem) {
    items = request.query
    var seen: Set<String> = []
    for item in items {
      guard allowed.contains(item.name) else {
        let known = allowed.isEmpty ? "none is known here" : "known are " + allowed.joined(separator: ", ")
        throw .badQuery("The parameter \"\(item.name.prefix(64))\" is unknown; \(known).")
      }
      guard seen.insert(item.name).inserted else {
        throw .badQuery("The parameter \"\(item.name)\" is given more than once.")
      }
      guard item.value.utf8.count <= Self.maxLength else {
        throw .badQuery("The parameter \"\(item.name)\" is longer than \(Self.maxLength) bytes.")
      }
    }
  }

  subscript(name: String) -> String? { items.first { $0.name == name }?.value }

  /// A window's name; nil where it is not given.
  func window() throws(RequestProblem) -> String? {
    guard let name = self["window"], !name.isEmpty else { return nil }
    guard !name.contains("|"), name.utf8.count <= 64 else {
      throw .badQuery("The parameter \"window\" is not the name of a window.")
    }
    return name
  }

  /// The group as in Kafka keys, given as fields joined by `+` or `,`; empty for the platform, nil where it is not
  /// given.
  func group() throws(RequestProblem) -> String? {
    guard let text = self["group"] else { return nil }
    return try Self.group(text)
  }

  /// The metric to rank by; GMV where none is given.
  func metric() throws(RequestProblem) -> MetricName {
    guard let name = self["by"] else { return .gmv }
    guard let metric = MetricName(name) else {
      throw .badQuery(
        "The parameter \"by\" is \"\(name.prefix(64))\"; metrics are \(MetricName.allNames.joined(separator: ", ")).")
    }
    return metric
  }

  /// A whole number in `range`.
  func count(_ name: String, in range: ClosedRange<Int>, default count: Int) throws(RequestProblem) -> Int {
    guard let text = self[name] else { return count }
    guard let number = Int(text), range.contains(number) else {
      throw .badQuery(
        "The parameter \"\(name)\" is not a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  private static func group(_ text: String) throws(RequestProblem) -> String {
    // A plus sign in a query may stand for a space.
    let fields = text.split { "+, ".contains($0) }.map(String.init)
    for field in fields where !groupFields.contains(field) {
      throw .badQuery(
        "The parameter \"group\" names \"\(field.prefix(64))\"; a group is made of "
          + groupFields.sorted().joined(separator: ", ") + ".")
    }
    return fields.joined(separator: "+")
  }
}
