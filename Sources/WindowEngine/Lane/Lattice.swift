// Invariant that makes this file safe: the buffers are owned and filled once in `init`; an edge's positions lie within
// `positions`.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Which table of a pane adds what it has counted to which others: the leaves to nodes and groups, nodes to groups.
///
/// Tables are numbered: the groups as in the plan, then the nodes, then the leaves; so an edge always leads to a lower
/// number.
struct Lattice: ~Copyable {
  /// Fields that hang together, each line from the coarse to the fine. All groups within one line are computed from a
  /// node, whose key is those fields of the line that they have.
  ///
  /// Who broadcasts: a session has one host, agency and channel, and is seen with many products; so there are far fewer
  /// nodes than leaves, and four groups are usual. Goods have no line: a product is shown in few sessions at a time, so
  /// a node would be merged about as often as a leaf (measured: three quarters as many).
  static let nodeFields: [[GroupField]] = [[.channel, .mcnID, .hostID, .sessionID]]
  /// Groups below which a node saves nothing.
  static let minGroups = 2

  /// How the key of one table becomes the key of another.
  struct Edge: BitwiseCopyable {
    /// The table to which the edge leads.
    let table: Int
    /// What its keys' hashes begin with.
    let hash: UInt64
    /// Whether a key may lack a field: those of nodes may, since the node's groups judge by themselves.
    let allowsAbsent: Bool
    fileprivate let first: Int
    fileprivate let count: Int
  }

  let groupCount: Int
  let nodeCount: Int
  private let edges: UnsafeBufferPointer<Edge>
  /// For each table, where its edges begin, and at last their number.
  private let starts: UnsafeBufferPointer<Int>
  /// From the leaves to each group, also where a node is between.
  private let leafEdges: UnsafeBufferPointer<Edge>
  private let positions: UnsafeBufferPointer<Int>
  /// Room for one key while it is put together.
  private let scratch: UnsafeMutableRawBufferPointer

  init(_ plan: EnginePlan) {
    var positions: [Int] = []
    func edge(to table: Int, hash: UInt64, fields: [GroupField], of key: [GroupField], allowsAbsent: Bool) -> Edge {
      defer { positions += fields.map { key.firstIndex(of: $0)! } }
      return Edge(table: table, hash: hash, allowsAbsent: allowsAbsent, first: positions.count, count: fields.count)
    }
    func edge(toGroup group: Int, of key: [GroupField]) -> Edge {
      edge(
        to: group, hash: plan.groups[group].hash, fields: plan.groups[group].grouping.fields, of: key,
        allowsAbsent: false)
    }
    let nodes = Self.nodes(plan)
    let groupCount = plan.groups.count
    var edges: [Edge] = []
    var starts = [Int](repeating: 0, count: groupCount)
    for node in nodes {
      starts.append(edges.count)
      edges += node.groups.map { edge(toGroup: $0, of: node.fields) }
    }
    starts.append(edges.count)
    let direct = (0..<groupCount).filter { group in !nodes.contains { $0.groups.contains(group) } }
    edges += direct.map { edge(toGroup: $0, of: plan.leafFields) }
    for (i, node) in nodes.enumerated() {
      edges.append(
        edge(
          to: groupCount + i, hash: KeyText.mix(LanePlan.leafSeed, UInt64(i)), fields: node.fields,
          of: plan.leafFields, allowsAbsent: true))
    }
    starts.append(edges.count)
    let leafEdges = (0..<groupCount).map { edge(toGroup: $0, of: plan.leafFields) }
    self.groupCount = groupCount
    nodeCount = nodes.count
    self.edges = Self.owned(edges)
    self.starts = Self.owned(starts)
    self.leafEdges = Self.owned(leafEdges)
    self.positions = Self.owned(positions)
    scratch = .allocate(byteCount: KeyText.maxLength, alignment: 8)
  }

  deinit {
    edges.deallocate()
    starts.deallocate()
    leafEdges.deallocate()
    positions.deallocate()
    scratch.deallocate()
  }

  private static func owned<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeBufferPointer<Element> {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = buffer.initialize(fromContentsOf: elements)
    return UnsafeBufferPointer(buffer)
  }

  /// The nodes that save merges: those of several groups with a key that is coarser than a leaf's.
  private static func nodes(_ plan: EnginePlan) -> [(fields: [GroupField], groups: [Int])] {
    var taken: Set<Int> = []
    return nodeFields.compactMap { line in
      let groups = plan.groups.indices.filter { group in
        !taken.contains(group) && plan.groups[group].grouping.fields.allSatisfy(line.contains)
      }
      let fields = plan.leafFields.filter { field in
        groups.contains { plan.groups[$0].grouping.fields.contains(field) }
      }
      if groups.count < minGroups || fields == plan.leafFields { return nil }
      taken.formUnion(groups)
      // The finest group comes last: there are as many keys as nodes, so it can take a node's members over.
      func fineness(_ group: Int) -> Int { plan.groups[group].grouping.fields.compactMap(line.firstIndex).max() ?? -1 }
      return (fields, groups.sorted { (fineness($0), $0) < (fineness($1), $1) })
    }
  }

  /// The edges that begin at a table.
  @inline(__always) func edges(of table: Int) -> UnsafeBufferPointer<Edge> {
    UnsafeBufferPointer(rebasing: edges[starts[table]..<starts[table + 1]])
  }

  /// The edge from the leaves to a group, past any node.
  func edge(fromLeavesTo group: Int) -> Edge { leafEdges[group] }

  /// The part of a key that is the key of the table to which the edge leads, valid until the next key is put together;
  /// `nil` if a field is absent that must not be.
  func project(_ key: UnsafeRawBufferPointer, along edge: Edge) -> UnsafeRawBufferPointer? {
    var at = 0
    for i in edge.first..<(edge.first + edge.count) {
      var start = 0
      for _ in 0..<positions[i] { start += 1 + Int(key[start]) }
      let length = Int(key[start])
      if length == 0 && !edge.allowsAbsent { return nil }
      memcpy(scratch.baseAddress! + at, key.baseAddress! + start, length + 1)
      at += length + 1
    }
    return UnsafeRawBufferPointer(rebasing: scratch[..<at])
  }
}
