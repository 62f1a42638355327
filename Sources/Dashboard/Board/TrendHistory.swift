/// The newest points of a platform record, one per window end.
struct TrendHistory {
  struct Point: Equatable, Sendable {
    var endMilliseconds: Int64
    var gmv: Double
    var orders: Double
    var online: Double
  }

  private(set) var points: [Point] = []
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Replaces the last point where the window end is the same, ignores an older one.
  mutating func append(_ point: Point) {
    if let last = points.last, last.endMilliseconds >= point.endMilliseconds {
      if last.endMilliseconds == point.endMilliseconds { points[points.count - 1] = point }
      return
    }
    points.append(point)
    // Cut rarely: removing from the front moves everything behind it.
    if points.count >= limit * 2 { points.removeFirst(points.count - limit) }
  }

  /// At most `limit` points, oldest first.
  var newest: ArraySlice<Point> { points.suffix(limit) }

  /// Forgets everything, where the window has started anew.
  mutating func restart() { points.removeAll(keepingCapacity: true) }
}
