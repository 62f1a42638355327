/// A record header: a name, which may repeat, and an optional value.
public struct Header: Hashable, Sendable {
  /// The header's name.
  public var name: String
  /// The header's bytes; nil is not the same as empty.
  public var value: [UInt8]?

  /// A header with these bytes.
  public init(_ name: String, _ value: [UInt8]?) {
    self.name = name
    self.value = value
  }

  /// A header with the UTF-8 bytes of `text`.
  public init(_ name: String, _ text: String) {
    self.init(name, Array(text.utf8))
  }
}
