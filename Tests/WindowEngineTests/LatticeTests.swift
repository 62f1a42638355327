import LiveEvents
import Testing

@testable import WindowEngine

@Suite struct LatticeTests {
  private func lattice(_ groups: [[GroupField]]) -> Lattice {
    Lattice(
      EnginePlan(
        time: TimePolicy(), windows: [.init(name: "1m", kind: .sliding(size: 60_000, slide: 60_000))],
        groups: groups.map(Grouping.init), currency: CurrencyCode("CNY")!))
  }

  @Test func groupsOfABroadcastAreComputedFromANodeTheFinestLast() {
    let lattice = lattice([[], [.sessionID], [.hostID], [.productID], [.channel], [.sessionID, .productID]])
    #expect(lattice.groupCount == 6 && lattice.nodeCount == 1)
    // The node is table 6, the leaves are 7.
    #expect(lattice.edges(of: 6).map(\.table) == [0, 4, 2, 1])
    #expect(lattice.edges(of: 7).map(\.table) == [3, 5, 6])
    for group in 0..<6 { #expect(lattice.edges(of: group).isEmpty) }
  }

  @Test func aNodeThatSavesNothingIsLeftOut() {
    // As fine as the leaves.
    #expect(lattice([[], [.sessionID], [.hostID]]).nodeCount == 0)
    // Of one group.
    #expect(lattice([[.channel], [.productID]]).nodeCount == 0)
    #expect(lattice([[.region], [.currency], [.brandID]]).nodeCount == 0)
  }

  @Test func aGroupsKeyLacksNoFieldButANodesMay() {
    let lattice = lattice([[.sessionID], [.hostID], [.productID]])
    func project(_ leaf: [UInt8], _ table: Int, _ edge: Int) -> [UInt8]? {
      leaf.withUnsafeBytes { leaf in lattice.project(leaf, along: lattice.edges(of: table)[edge]).map(Array.init) }
    }
    // session s, no host, product p: the fields of a leaf come in the order of the group fields.
    let leaf: [UInt8] = [1, 0x73, 0, 1, 0x70]
    #expect(lattice.edges(of: 4).map(\.table) == [2, 3])
    #expect(project(leaf, 4, 0) == [1, 0x70])
    #expect(project(leaf, 4, 1) == [1, 0x73, 0])
    // From the node: the host's key first, then the session's.
    #expect(project([1, 0x73, 0], 3, 0) == nil)
    #expect(project([1, 0x73, 0], 3, 1) == [1, 0x73])
    #expect(project([1, 0x73, 0, 0], 4, 0) == nil)
  }

  @Test func sumsStopAtTheLimitAndTheOthersGoOn() {
    var sums = Counters()
    var more = Counters()
    sums.add(.max - 5, to: .gmv)
    more.add(6, to: .gmv)
    sums.add(.max, to: .gifts)
    more.add(.max, to: .gifts)
    more.add(3, to: .views)
    sums.add(.max - 5, to: .refunds)
    more.add(5, to: .refunds)
    sums.add(more)
    #expect(sums[.gmv] == .max && sums[.gifts] == .max && sums[.refunds] == .max && sums[.views] == 3)
    #expect(sums[.orders] == 0)
  }
}
