import FlyingFox

/// The checked query of a request.
struct QueryParameters {
  private static let maxLength = 1_024
  private static let groupFields: Set<String> = [
    "session_id", "host_id", "mcn_id", "brand_id", "product_id", "category_id", "channel", "region", "currency",
  ]

  private let items: [HTTPRequest.QueryItem]

  /// - Parameter repeatable: The names that may come more than once.
  init(_ request: HTTPRequest, allowed: [String], repeatable: Set<String> = []) throws(RequestProblem) {
    items = request.query
    var seen: Set<String> = []
    for item in items {
      guard allowed.contains(item.name) else {
        let known = allowed.isEmpty ? "none is known here" : "known are " + allowed.joined(separator: ", ")
        throw .badQuery("The parameter \"\(item.name.prefix(64))\" is unknown; \(known).")
      }
      guard seen.insert(item.name).inserted || repeatable.contains(item.name) else {
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

  /// The groups as in Kafka keys; each is given as fields joined by `+` or `,` and may be empty for the platform.
  func groups() throws(RequestProblem) -> [String] {
    var groups: [String] = []
    for item in items where item.name == "group" { groups.append(try Self.group(item.value)) }
    return groups
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
