import LiveEvents
import Testing
import WindowEngine

@testable import Oracle

private let tumbling = WindowDefinition.Kind.sliding(size: 10_000, slide: 10_000)

@Suite struct LogTests {
  @Test func latenessEndsWhereThePaneAndTheAllowanceAreReached() {
    var time = TimePolicy()
    time.maxOutOfOrderness = 5_000
    time.allowedLateness = 60_000
    // The watermark is 95 s. A pane that ends at 35 s is too late, one that ends at 36 s is not.
    let result = run(
      plan(tumbling, time: time),
      [viewer("like", "a", at: 100), viewer("like", "b", at: 34.999), viewer("like", "c", at: 35)])
    #expect(result.rejects == [OracleReject(partition: 0, index: 1, reason: .tooLate)])
    #expect(result.series("w||", "likes") == ["40: 1", "50: 0", "110: 1", "120: 0"])
  }

  @Test func anotherPartitionDoesNotMakeAnEventLate() {
    let result = run(plan(tumbling), [viewer("like", "a", at: 1_000)], [viewer("like", "b", at: 0)])
    #expect(result.rejects.isEmpty)
  }

  @Test func rejectedEventsDoNotMoveTheWatermark() {
    let broken = line(#"{"type":"like","viewer_id":"v","ts":\#(midnight + 1_000_000)}"#)
    let result = run(plan(tumbling), [viewer("like", "a", at: 0), broken, viewer("like", "b", at: 1)])
    #expect(result.rejects == [OracleReject(partition: 0, index: 1, reason: .missingField)])
  }

  @Test func duplicatesAreForgottenAtTheHorizon() {
    var time = TimePolicy()
    time.maxOutOfOrderness = 0
    time.dedupeHorizon = 100_000
    // The second advances the watermark to 99.999 s before it is judged, the third to 100 s: just reached. From then
    // on the third is remembered, until 200 s.
    let result = run(
      plan(tumbling, time: time),
      [
        purchase("paid", "e", "1", at: 0), purchase("paid", "e", "1", at: 99.999), purchase("paid", "e", "1", at: 100),
        purchase("paid", "e", "1", at: 199.999), purchase("refunded", "e", "1", at: 200),
      ])
    #expect(result.duplicateEvents.map(\.index) == [1, 3])
    #expect(result.duplicates == 2)
    #expect(result.rejects.isEmpty)
  }

  @Test func aDuplicateMovesTheWatermark() {
    var time = TimePolicy()
    time.maxOutOfOrderness = 0
    time.allowedLateness = 0
    let result = run(
      plan(tumbling, time: time),
      [purchase("paid", "e", "1", at: 0), purchase("paid", "e", "1", at: 50), viewer("like", "a", at: 48)])
    #expect(result.duplicates == 1)
    #expect(result.rejects == [OracleReject(partition: 0, index: 2, reason: .tooLate)])
  }

  @Test func partitionsRememberIdsEachOnItsOwn() {
    let result = run(plan(tumbling), [purchase("paid", "e", "1", at: 0)], [purchase("paid", "e", "1", at: 0)])
    #expect(result.series("w||", "orders") == ["10: 2", "20: 0"])
  }

  @Test func watermarkIsBoundedByTheRecordTimestamp() {
    var time = TimePolicy()
    time.maxOutOfOrderness = 0
    time.allowedLateness = 0
    // An event 100 s ahead of its record counts, but moves the watermark only to the record's 10 s.
    var ahead = viewer("like", "a", at: 110)
    ahead.recordTimestamp = midnight + 10_000
    var next = viewer("like", "b", at: 9)
    next.recordTimestamp = midnight + 10_000
    var last = viewer("like", "c", at: 9.5)
    last.recordTimestamp = midnight + 12_000
    #expect(run(plan(tumbling, time: time), [ahead, last]).rejects.map(\.reason) == [.tooLate])
    ahead.recordTimestamp = midnight + 9_999
    #expect(run(plan(tumbling, time: time), [ahead, next]).rejects.isEmpty)
  }

  @Test func idleAdvanceMakesLate() {
    let log = [viewer("like", "a", at: 0), viewer("like", "b", at: 0)]
    let oracle = Oracle(plan: plan(tumbling), hash: testHash)
    let at61 = IdleAdvance(partition: 0, beforeIndex: 1, watermark: midnight + 61_000)
    #expect(oracle.run([log], idleAdvances: [at61]).rejects.map(\.index) == [1])
    let justBefore = IdleAdvance(partition: 0, beforeIndex: 1, watermark: midnight + 60_999)
    #expect(oracle.run([log], idleAdvances: [justBefore]).rejects.isEmpty)
  }

  @Test func alignedOrderListsRejectsByWatermark() {
    let broken = line("x")
    let partitions = [[viewer("like", "a", at: 100), broken], [viewer("like", "b", at: 50), broken]]
    let oracle = Oracle(plan: plan(tumbling), hash: testHash)
    #expect(oracle.run(partitions, order: .byPartition).rejects.map(\.partition) == [0, 1])
    #expect(oracle.run(partitions, order: .aligned).rejects.map(\.partition) == [1, 0])
  }

  @Test func laterNewKeysOfAPaneAreOneOverflowKey() {
    var limited = plan(tumbling, groups: [Grouping([.hostID])])
    limited.maxKeys = 1
    // Pane 0: h1 is known, h2 and h3 overflow, h1 is still known. Pane 1: h2 is the first. The other partition's
    // pane 0 begins anew with h3 and sends h1 to the overflow key.
    let result = run(
      limited,
      [
        viewer("like", "a", at: 0, #""host_id":"h1""#), viewer("like", "a", at: 0, #""host_id":"h2""#),
        viewer("like", "a", at: 0, #""host_id":"h3""#), viewer("like", "a", at: 0, #""host_id":"h1""#),
        viewer("like", "a", at: 1, #""host_id":"h2""#), viewer("like", "a", at: 1),
      ],
      [viewer("like", "a", at: 0, #""host_id":"h3""#), viewer("like", "a", at: 0, #""host_id":"h1""#)])
    #expect(result.series("w|host_id|h1", "likes") == ["10: 2", "20: 0"])
    #expect(result.series("w|host_id|h2", "likes") == ["10: 1", "20: 0"])
    #expect(result.series("w|host_id|h3", "likes") == ["10: 1", "20: 0"])
    #expect(result.series("w|host_id|%00", "likes") == ["10: 3", "20: 0"])
    let overflow = result.records("w|host_id|%00")[0]
    #expect(overflow.fields["other"] == "true")
    #expect(overflow.fields["key"] == #"{"host_id":null}"#)
    #expect(result.records("w|host_id|h1")[0].fields["other"] == nil)
  }
}
