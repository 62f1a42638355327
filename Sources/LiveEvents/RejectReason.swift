/// Why an event was not counted: the `reason` header of a record on the rejects topic.
///
/// The cases are in the order in which an event is checked; the first failure gives the reason.
public enum RejectReason: String, CaseIterable, Sendable {
  case tooLarge = "too_large"
  case malformedJSON = "malformed_json"
  case missingField = "missing_field"
  case badField = "bad_field"
  case unknownType = "unknown_type"
  case fromFuture = "from_future"
  case tooLate = "too_late"
  case duplicate = "duplicate"
}
