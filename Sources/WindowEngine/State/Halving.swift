extension RandomAccessCollection {
  /// The first index whose element fulfils `isBehind`, which no earlier and every later one does; by halving.
  @inline(__always)
  func partitioningIndex(where isBehind: (Element) -> Bool) -> Index {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = index(low, offsetBy: distance(from: low, to: high) / 2)
      if isBehind(self[middle]) { high = middle } else { low = index(after: middle) }
    }
    return low
  }
}
