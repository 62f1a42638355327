/// Draws an index in proportion to its weight, in constant time (Walker 1977, Vose 1991).
///
/// A table is rebuilt in place, without allocating, each time the weights have changed.
struct AliasTable {
  private struct Cell {
    var threshold: UInt32
    var alias: UInt32
  }

  private var cells: [Cell]
  private var remaining: [Double]
  private var pending: [UInt32]

  init(count: Int) {
    cells = [Cell](repeating: Cell(threshold: .max, alias: 0), count: count)
    remaining = [Double](repeating: 0, count: count)
    pending = [UInt32](repeating: 0, count: count)
  }

  /// Takes over `weights`, positive numbers, as many as the table has cells.
  mutating func rebuild(_ weights: [Double]) {
    let count = cells.count
    precondition(weights.count == count)
    let scale = Double(count) / weights.reduce(0, +)
    // Light indices grow from the front of `pending`, heavy ones from its back.
    var light = 0
    var heavy = count
    for index in 0..<count {
      remaining[index] = weights[index] * scale
      if remaining[index] < 1 {
        pending[light] = UInt32(index)
        light += 1
      } else {
        heavy -= 1
        pending[heavy] = UInt32(index)
      }
    }
    while light > 0, heavy < count {
      light -= 1
      let small = Int(pending[light])
      let large = Int(pending[heavy])
      cells[small] = Cell(threshold: UInt32(remaining[small] * 0x1p32), alias: UInt32(large))
      remaining[large] -= 1 - remaining[small]
      if remaining[large] < 1 {
        heavy += 1
        pending[light] = UInt32(large)
        light += 1
      }
    }
    // Only rounding leaves anything on either side; such an index keeps its own cell.
    for position in 0..<light { fill(Int(pending[position])) }
    for position in heavy..<count { fill(Int(pending[position])) }
  }

  private mutating func fill(_ index: Int) { cells[index] = Cell(threshold: .max, alias: UInt32(index)) }

  @inline(__always)
  func sample(_ random: inout Random) -> Int {
    let draw = random.next()
    let (index, fraction) = draw.multipliedFullWidth(by: UInt64(cells.count))
    let cell = cells[Int(index)]
    return UInt32(truncatingIfNeeded: fraction &>> 32) < cell.threshold ? Int(index) : Int(cell.alias)
  }
}
