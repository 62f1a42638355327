/// The course of GMV and audience of one key since its first record, in a bounded number of points.
///
/// When all room is taken every second point goes and the distance between points doubles, so a line always covers the
/// whole time: a broadcast of four hours as well as one of ten minutes.
struct TrendLine: Sendable {
  struct Point: Equatable, Sendable {
    var endMilliseconds: Int64
    /// In major units; seven digits are enough for a line.
    var gmv: Float
    var online: Float

    init(endMilliseconds: Int64, gmv: Float, online: Float) {
      self.endMilliseconds = endMilliseconds
      self.gmv = gmv
      self.online = online
    }

    /// The point that a record gives.
    init(_ measures: Measures, _ value: [UInt8]) {
      self.init(
        endMilliseconds: measures.endMilliseconds, gmv: Float(measures.gmv),
        online: Float(RecordFields(value).number(of: "online") ?? 0))
    }
  }

  private(set) var points: [Point] = []
  /// Goes up when points other than the newest have changed.
  private(set) var generation = 0
  let capacity: Int
  private var stepMilliseconds: Int64

  /// - Parameters:
  ///   - capacity: The most points, at least 4.
  ///   - stepMilliseconds: The distance between points to begin with.
  init(capacity: Int, stepMilliseconds: Int64) {
    precondition(capacity >= 4)
    self.capacity = capacity
    self.stepMilliseconds = stepMilliseconds
  }

  /// Adds the newest point. It moves on until it is a step behind the one before; an older one is ignored.
  mutating func append(_ point: Point) {
    guard let last = points.last else {
      points.append(point)
      return
    }
    guard point.endMilliseconds >= last.endMilliseconds else { return }
    let isTip =
      points.count > 1 && last.endMilliseconds - points[points.count - 2].endMilliseconds < stepMilliseconds
    if isTip || point.endMilliseconds == last.endMilliseconds {
      points[points.count - 1] = point
    } else {
      points.append(point)
      thinIfFull()
    }
  }

  /// Adds a point of the time before the newest one, where none is near.
  mutating func insert(_ point: Point) {
    let place = points.partitioningIndex { $0.endMilliseconds >= point.endMilliseconds }
    if place == points.count {
      append(point)
      return
    }
    guard points[place].endMilliseconds - point.endMilliseconds >= stepMilliseconds else { return }
    guard place == 0 || point.endMilliseconds - points[place - 1].endMilliseconds >= stepMilliseconds else { return }
    points.insert(point, at: place)
    generation += 1
    thinIfFull()
  }

  /// Forgets everything, where the window has started anew.
  mutating func restart() {
    points.removeAll()
    generation += 1
  }

  private mutating func thinIfFull() {
    guard points.count > capacity else { return }
    let newest = points.count - 1
    points = points.indices.filter { $0 % 2 == 0 || $0 == newest }.map { points[$0] }
    stepMilliseconds *= 2
    generation += 1
  }
}

extension RandomAccessCollection {
  /// The first index whose element fulfils `isBehind`, which no earlier and every later one does; by halving.
  func partitioningIndex(where isBehind: (Element) -> Bool) -> Index {
    var low = startIndex
    var count = self.count
    while count > 0 {
      let half = count / 2
      let middle = index(low, offsetBy: half)
      if isBehind(self[middle]) {
        count = half
      } else {
        low = index(after: middle)
        count -= half + 1
      }
    }
    return low
  }
}
