/// An event before it is written: numbers only, enough to write the same bytes again.
struct EventDraft {
  struct Traits: OptionSet {
    let rawValue: UInt8
    /// The order is paid in US dollars.
    static let foreign = Traits(rawValue: 1)
    /// The broadcast held a flash sale when this viewer saw the product.
    static let flashSale = Traits(rawValue: 2)
    static let late = Traits(rawValue: 4)
    static let tooLate = Traits(rawValue: 8)
    static let duplicate = Traits(rawValue: 16)

    /// What an event passes on to those that follow from it.
    static let inherited: Traits = [.foreign, .flashSale]
    static let delayed: Traits = [.late, .tooLate]
  }

  static let noProduct = UInt32.max

  /// Milliseconds since the epoch.
  var eventTime: Int64
  var type: TrafficEventType
  var traits: Traits = []
  var quantity: UInt8 = 0
  /// Which comment or gift.
  var choice: UInt8 = 0
  var session: UInt32
  var host: UInt32
  var viewer: UInt32
  var product: UInt32 = EventDraft.noProduct
  var amountMinor: UInt32 = 0
  var watchMilliseconds: UInt32 = 0
  var order: UInt64 = 0
}
