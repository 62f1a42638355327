/// What a decoder needs to know beside the events: fixed for its lifetime, the same for all lanes.
public struct DecodingPolicy: Sendable {
  /// The currency of ``Event/amountMinor``, and of purchases that name none.
  public let reportingCurrency: CurrencyCode
  /// What one unit of another currency is in the reporting currency. Currencies without a rate are rejected; an entry
  /// for the reporting currency itself has no effect.
  public let rates: [CurrencyCode: ConversionRate]
  /// How far an event may be ahead of its record's timestamp, milliseconds, 0 or more.
  public let maxFutureMilliseconds: Int64
  /// The fields whose ``Identifier/hash`` is wanted.
  public let hashed: Set<IdentifierField>

  /// - Parameters:
  ///   - reportingCurrency: what amounts are converted to.
  ///   - rates: what one unit of each further currency is worth in it.
  ///   - maxFutureMilliseconds: 0 or more.
  ///   - hashed: the fields to hash while they are in the cache; the others' hashes are 0.
  public init(
    reportingCurrency: CurrencyCode, rates: [CurrencyCode: ConversionRate], maxFutureMilliseconds: Int64,
    hashed: Set<IdentifierField>
  ) {
    precondition(maxFutureMilliseconds >= 0, "maxFutureMilliseconds must not be negative")
    self.reportingCurrency = reportingCurrency
    self.rates = rates
    self.maxFutureMilliseconds = maxFutureMilliseconds
    self.hashed = hashed
  }
}
