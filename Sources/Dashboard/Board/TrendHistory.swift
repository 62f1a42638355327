/// The newest points of a platform record, one per window end.
struct TrendHistory {
  struct Point: Equatable, Sendable {
    var endMilliseconds: Int64
    var gmv: Double
    var orders: Double
    var online: Double
  }

  private(set) var points: [Point] = []
  /// How many points have been cut off the front.
  private(set) var cutCount = 0
  /// Goes up when points other than the newest have changed.
  private(set) var generation = 0
  let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Replaces the last point where the window end is the same, ignores an older one.
  mutating func append(_ point: Point) {
    if let last = points.last, last.endMilliseconds >= point.endMilliseconds {
      if last.endMilliseconds == point.endMilliseconds { points[points.count - 1] = point }
      return
    }
    points.append(point)
    cut()
  }

  /// Adds a point of the time before the newest one, where there is none yet.
  mutating func insert(_ point: Point) {
    let place = points.partitioningIndex { $0.endMilliseconds >= point.endMilliseconds }
    if place == points.count {
      append(point)
    } else if points[place].endMilliseconds != point.endMilliseconds {
      points.insert(point, at: place)
      generation += 1
      cut()
    }
  }

  private mutating func cut() {
    // Cut rarely: removing from the front moves everything behind it.
    guard points.count >= limit * 2 else { return }
    cutCount += points.count - limit
    points.removeFirst(points.count - limit)
  }

  /// At most `limit` points, oldest first.
  var newest: ArraySlice<Point> { points.suffix(limit) }

  /// Forgets everything, where the window has started anew.
  mutating func restart() {
    points.removeAll(keepingCapacity: true)
    generation += 1
  }
}
