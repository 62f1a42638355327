/// Prints metric and leaderboard records of one window and group.
struct RecordEncoder {
  private let buffer: RecordBuffer
  private let minorDigits: Int
  private let currency: String
  private let windowName: String
  /// `<window>|<fields>|`, the beginning of every Kafka key.
  private let keyPrefix: [UInt8]
  /// `{"window":"1m","window_start":"`
  private let valuePrefix: [UInt8]
  /// `","group":["host_id"],`
  private let groupPart: [UInt8]
  private let currencyPart: [UInt8]
  /// Whether the Kafka key ends with the window's start.
  private let keyHasStart: Bool

  init(plan: EnginePlan, window: Int, group: Int, buffer: RecordBuffer) {
    let definition = plan.windows[window]
    let grouping = plan.groups[group].grouping
    self.buffer = buffer
    minorDigits = plan.minorDigits
    currency = plan.currency
    windowName = JSONText.quoted(definition.name)
    keyPrefix = Array("\(definition.name)|\(grouping.fields.map(\.name).joined(separator: "+"))|".utf8)
    valuePrefix = Array("{\"window\":\(windowName),\"window_start\":\"".utf8)
    groupPart = Array("\",\"group\":[\(grouping.fields.map { "\"\($0.name)\"" }.joined(separator: ","))],".utf8)
    currencyPart = Array(",\"currency\":\"\(plan.currency)\"".utf8)
    if case .sliding = definition.kind { keyHasStart = false } else { keyHasStart = true }
  }

  /// Prints one metric record.
  func write(
    _ topic: RecordBuffer.Topic, key: KeyTable.Text, start: Int64, end: Int64, isFinal: Bool, revision: Int,
    values: MetricValues
  ) {
    writeKey(topic, key: key, start: start)
    buffer.beginValue()
    buffer.put(valuePrefix)
    buffer.put(instant: start)
    buffer.put("\",\"window_end\":\"")
    buffer.put(instant: end)
    buffer.put(groupPart)
    buffer.put(key.json)
    if key.isOverflow { buffer.put(",\"other\":true") }
    buffer.put(isFinal ? ",\"final\":true,\"revision\":" : ",\"final\":false,\"revision\":")
    buffer.put(Int64(revision))
    buffer.put(currencyPart)
    write(values)
    buffer.put(UInt8(ascii: "}"))
    buffer.end()
  }

  /// Withdraws a record.
  func writeTombstone(_ topic: RecordBuffer.Topic, key: KeyTable.Text, start: Int64) {
    writeKey(topic, key: key, start: start)
    buffer.endTombstone()
  }

  private func writeKey(_ topic: RecordBuffer.Topic, key: KeyTable.Text, start: Int64) {
    buffer.begin(topic)
    buffer.put(keyPrefix)
    buffer.put(key.kafka)
    if keyHasStart {
      buffer.put(UInt8(ascii: "|"))
      buffer.put(instant: start)
    }
  }

  private func write(_ values: MetricValues) {
    let counters = values.counters
    buffer.put(",\"gmv\":")
    buffer.put(counters[.gmv], decimals: minorDigits)
    buffer.put(",\"orders\":")
    buffer.put(counters[.orders])
    buffer.put(",\"units\":")
    buffer.put(counters[.units])
    buffer.put(",\"buyers\":")
    buffer.put(values.buyers)
    buffer.put(",\"views\":")
    buffer.put(counters[.views])
    buffer.put(",\"viewers\":")
    buffer.put(values.viewers)
    buffer.put(",\"gmv_placed\":")
    buffer.put(counters[.gmvPlaced], decimals: minorDigits)
    buffer.put(",\"orders_placed\":")
    buffer.put(counters[.ordersPlaced])
    buffer.put(",\"refunds\":")
    buffer.put(counters[.refunds], decimals: minorDigits)
    buffer.put(",\"refund_orders\":")
    buffer.put(counters[.refundOrders])
    buffer.put(",\"cancelled_orders\":")
    buffer.put(counters[.cancelledOrders])
    buffer.put(",\"net_gmv\":")
    buffer.put(counters[.gmv] - counters[.refunds], decimals: minorDigits)
    buffer.put(",\"impressions\":")
    buffer.put(counters[.impressions])
    buffer.put(",\"clicks\":")
    buffer.put(counters[.clicks])
    buffer.put(",\"carts\":")
    buffer.put(counters[.carts])
    buffer.put(",\"likes\":")
    buffer.put(counters[.likes])
    buffer.put(",\"comments\":")
    buffer.put(counters[.comments])
    buffer.put(",\"shares\":")
    buffer.put(counters[.shares])
    buffer.put(",\"follows\":")
    buffer.put(counters[.follows])
    buffer.put(",\"gifts\":")
    buffer.put(counters[.gifts])
    buffer.put(",\"clickers\":")
    buffer.put(values.clickers)
    buffer.put(",\"online\":")
    buffer.put(values.online)
    buffer.put(",\"watch_seconds\":")
    buffer.put(counters[.watchMilliseconds], decimals: 3)
    write(",\"conversion_rate\":", .conversionRate, values)
    write(",\"click_rate\":", .clickRate, values)
    write(",\"click_conversion_rate\":", .clickConversionRate, values)
    write(",\"aov\":", .aov, values)
    write(",\"gpm\":", .gpm, values)
    write(",\"uv_value\":", .uvValue, values)
    write(",\"refund_rate\":", .refundRate, values)
    write(",\"avg_watch_seconds\":", .averageWatchSeconds, values)
  }

  private func write(_ name: StaticString, _ quotient: MetricField, _ values: MetricValues) {
    buffer.put(name)
    if let micros = values.value(of: quotient, minorDigits: minorDigits) {
      buffer.put(micros: micros)
    } else {
      buffer.put("null")
    }
  }

  /// One line of a leaderboard.
  struct Entry {
    let key: KeyTable.Text
    let value: Int128
  }

  /// Prints one leaderboard record.
  func write(
    _ topic: RecordBuffer.Topic, board: EnginePlan.Leaderboard, start: Int64, end: Int64, isFinal: Bool, revision: Int,
    entries: [Entry]
  ) {
    let definition = board.definition
    buffer.begin(topic)
    buffer.put(Array("\(definition.name)|\(definition.window)".utf8))
    if keyHasStart {
      buffer.put(UInt8(ascii: "|"))
      buffer.put(instant: start)
    }
    buffer.beginValue()
    buffer.put(Array("{\"leaderboard\":\(JSONText.quoted(definition.name)),\"window\":\(windowName)".utf8))
    buffer.put(",\"window_start\":\"")
    buffer.put(instant: start)
    buffer.put("\",\"window_end\":\"")
    buffer.put(instant: end)
    buffer.put(isFinal ? "\",\"final\":true,\"revision\":" : "\",\"final\":false,\"revision\":")
    buffer.put(Int64(revision))
    buffer.put(Array(",\"by\":\"\(definition.by.rawValue)\"".utf8))
    // The group part begins with the quote that ends an instant.
    groupPart.withUnsafeBytes { buffer.put(UnsafeRawBufferPointer(rebasing: $0[1...])) }
    buffer.put("\"entries\":[")
    let decimals = MetricValues.decimals(of: definition.by, minorDigits: minorDigits)
    for (index, entry) in entries.enumerated() {
      if index > 0 { buffer.put(UInt8(ascii: ",")) }
      buffer.put("{\"rank\":")
      buffer.put(Int64(index + 1))
      buffer.put(UInt8(ascii: ","))
      buffer.put(entry.key.json)
      buffer.put(",\"value\":")
      if MetricValues.isQuotient(definition.by) {
        buffer.put(micros: entry.value)
      } else {
        buffer.put(Int64(entry.value), decimals: decimals)
      }
      buffer.put(UInt8(ascii: "}"))
    }
    buffer.put("]}")
    buffer.end()
  }
}
