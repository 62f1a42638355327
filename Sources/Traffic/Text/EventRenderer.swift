// Safety: `buffer` has `capacity` bytes and one owner. A valid event has at most 24 members of at most 64 bytes each,
// which is less than `validLimit`; garbage is cut to fit by `replaceText`.

/// Writes drafts as compact JSON into a buffer that it uses again for every event.
struct EventRenderer: ~Copyable {
  /// Room for an event that is just larger than the 64 KiB a consumer accepts.
  static let capacity = 72 * 1_024
  private static let validLimit = 2_048

  private let buffer: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  /// Where the session id lies in the text.
  private var sessionStart = 0
  private var sessionCount = 0

  private let hostWidth, agencyWidth, brandWidth, productWidth, categoryWidth, viewerWidth: Int
  private let orderBase: UInt64
  private let channels = PhraseTable(Vocabulary.channels.map { ",\"channel\":\"\($0)\"" })
  private let regions = PhraseTable(Vocabulary.regions.map { ",\"region\":\"\($0)\"" })
  private let comments = PhraseTable(Vocabulary.comments.map { ",\"text\":\"\($0)\"" })
  private let gifts = PhraseTable(Vocabulary.gifts.map { ",\"gift\":\"\($0)\"" })

  init(_ options: TrafficOptions) {
    buffer = .allocate(capacity: Self.capacity)
    buffer.initialize(repeating: 0, count: Self.capacity)
    hostWidth = max(3, digitCount(UInt64(options.hosts)))
    agencyWidth = max(2, digitCount(UInt64(options.agencies)))
    brandWidth = max(3, digitCount(UInt64(options.brands)))
    productWidth = max(5, digitCount(UInt64(options.products)))
    categoryWidth = max(2, digitCount(UInt64(options.categories)))
    viewerWidth = max(7, digitCount(UInt64(options.viewers)))
    orderBase = (1 + mixed(options.seed) % 8_999) * 100_000_000_000
  }

  deinit { buffer.deallocate() }

  /// The text of the last event, valid until the next.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: buffer, count: count) }

  /// The session id of the last event, valid until the next; also where the text was replaced by one without it.
  var sessionID: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer + sessionStart, count: sessionCount)
  }

  /// Writes `draft`; the text is a function of the draft and the options alone.
  mutating func render(_ draft: EventDraft, catalog: borrowing Catalog) {
    var out = ByteCursor(buffer)
    writeType(draft.type, to: &out)
    let isPurchase = draft.type.topic == .purchases
    let order = orderBase &+ draft.order
    if isPurchase {
      out.text(",\"event_id\":\"e")
      out.number(order)
      out.byte(UInt8(ascii: "1") + draft.type.rawValue)
      out.byte(UInt8(ascii: "\""))
    }
    out.text(",\"session_id\":\"")
    sessionStart = out.position - buffer
    out.byte(UInt8(ascii: "s"))
    out.number(UInt64(draft.session), width: 5)
    sessionCount = out.position - buffer - sessionStart
    out.text("\",\"host_id\":\"h")
    out.digits(UInt64(draft.host), hostWidth)
    let host = catalog.hosts[Int(draft.host)]
    out.text("\",\"mcn_id\":\"m")
    out.digits(UInt64(host.agency), agencyWidth)
    if draft.product != EventDraft.noProduct {
      let product = catalog.products[Int(draft.product)]
      out.text("\",\"brand_id\":\"b")
      out.digits(UInt64(product.brand), brandWidth)
      out.text("\",\"product_id\":\"p")
      out.digits(UInt64(product.number), productWidth)
      out.text("\",\"category_id\":\"c")
      out.digits(UInt64(product.category), categoryWidth)
    }
    out.byte(UInt8(ascii: "\""))
    out.phrase(Int(host.channel), of: channels)
    out.phrase(Int((draft.viewer &* 0x9e37_79b9) &>> 27), of: regions)
    if isPurchase {
      out.text(",\"order_id\":\"o")
      out.number(order)
      out.text("\",\"buyer_id\":\"u")
      out.digits(UInt64(draft.viewer), viewerWidth)
      out.text("\",\"quantity\":")
      out.number(UInt64(draft.quantity))
      out.text(",\"amount\":")
      out.money(draft.amountMinor)
      if draft.traits.contains(.foreign) { out.text(",\"currency\":\"USD\"") }
    } else {
      out.text(",\"viewer_id\":\"u")
      out.digits(UInt64(draft.viewer), viewerWidth)
      out.byte(UInt8(ascii: "\""))
      writeDetail(draft, to: &out)
    }
    out.text(",\"ts\":")
    out.digits(UInt64(draft.eventTime), 13)
    out.byte(UInt8(ascii: "}"))
    count = out.position - buffer
    assert(count <= Self.validLimit)
  }

  /// Puts `text`, at most ``capacity`` bytes, in place of the last event.
  mutating func replaceText(_ text: [UInt8]) {
    // The session id is kept behind the text, where the caller still finds it.
    let room = Self.capacity - sessionCount
    let kept = Array(sessionID)
    count = min(text.count, room)
    buffer.update(from: text, count: count)
    (buffer + room).update(from: kept, count: kept.count)
    sessionStart = room
  }

  @inline(__always)
  private func writeDetail(_ draft: EventDraft, to out: inout ByteCursor) {
    switch draft.type {
    case .heartbeat, .leave:
      out.text(",\"watch_ms\":")
      out.number(UInt64(draft.watchMilliseconds))
    case .comment: out.phrase(Int(draft.choice) % comments.count, of: comments)
    case .gift: out.phrase(Int(draft.choice) % gifts.count, of: gifts)
    default: break
    }
  }

  @inline(__always)
  private func writeType(_ type: TrafficEventType, to out: inout ByteCursor) {
    switch type {
    case .placed: out.text("{\"type\":\"placed\"")
    case .paid: out.text("{\"type\":\"paid\"")
    case .cancelled: out.text("{\"type\":\"cancelled\"")
    case .refunded: out.text("{\"type\":\"refunded\"")
    case .enter: out.text("{\"type\":\"enter\"")
    case .leave: out.text("{\"type\":\"leave\"")
    case .heartbeat: out.text("{\"type\":\"heartbeat\"")
    case .impression: out.text("{\"type\":\"impression\"")
    case .click: out.text("{\"type\":\"click\"")
    case .cart: out.text("{\"type\":\"cart\"")
    case .like: out.text("{\"type\":\"like\"")
    case .comment: out.text("{\"type\":\"comment\"")
    case .share: out.text("{\"type\":\"share\"")
    case .follow: out.text("{\"type\":\"follow\"")
    case .gift: out.text("{\"type\":\"gift\"")
    }
  }
}
