import Foundation
import Kafka

/// Stored state that could not be deleted.
public enum ResetError: Error, CustomStringConvertible {
  /// An instance runs.
  case inUse(GroupDescription)
  /// The broker cannot do it; what is left to be deleted.
  case unsupported(groups: [String], topics: [String], reason: KafkaError)
  /// It stopped half-way, perhaps before anything was deleted.
  case unfinished(reason: any Error)
  /// The topics are deleted, but the cluster goes on naming them.
  case stillNamed([String])

  public var description: String {
    switch self {
    case .inUse(let group) where group.members.isEmpty:
      "the consumer group \(group.name) is in use, its state is \(group.state): stop every instance of livetally run; if "
        + "one was killed and the broker does not miss it, start it until it has partitions and stop it with SIGTERM"
    case .inUse(let group):
      "the consumer group \(group.name) has \(group.members.count) members ("
        + group.members.map { "\($0.clientID) on \($0.host)" }.joined(separator: ", ")
        + "): stop every instance of livetally run; one that was killed is missed after its session.timeout.ms"
    case .unsupported(let groups, let topics, let reason):
      "\(Self.sentence(reason)): while no instance runs, delete the topics \(topics.joined(separator: " and ")) and then "
        + "the consumer groups \(groups.joined(separator: " and ")) with the broker's own tools"
    case .unfinished(let reason):
      "the stored state is not forgotten, or only in part; do not start livetally run before livetally reset has "
        + "succeeded: \(reason)"
    case .stillNamed(let topics):
      "the topics \(topics.joined(separator: " and ")) are deleted, but the cluster still names them: wait until they "
        + "are gone, then run livetally reset again"
    }
  }

  private static func sentence(_ error: KafkaError) -> String {
    "could not \(error.operation), which the broker does not offer (\(error.codeName))"
  }
}

/// Forgets what is stored for a configuration, so that the next start begins at the beginning of the source topics.
package struct StateReset {
  private static let timeoutMilliseconds = 30_000
  private static let pollMicroseconds: UInt32 = 200_000

  /// The consumer groups whose offsets are forgotten.
  package let groups: [String]
  /// The topics that are deleted; the next start creates them again.
  package let topics: [String]
  private let admin: Admin

  package init(_ configuration: Configuration, admin: Admin) {
    groups = ConsumerRole.allCases.map { $0.name(configuration.groupID) }
    topics = [configuration.topics.partials, configuration.topics.checkpoints]
    self.admin = admin
  }

  /// The partition counts of those of the topics that there are.
  package func partitionCounts() throws(KafkaError) -> [String: Int] {
    try admin.metadata(of: topics, timeoutMilliseconds: Self.timeoutMilliseconds).partitionCounts
  }

  /// Throws ``ResetError/inUse(_:)`` while an instance runs.
  package func requireUnused() throws {
    do {
      for name in groups {
        let group = try admin.describeGroup(name, timeoutMilliseconds: Self.timeoutMilliseconds)
        if group.hasMembers { throw ResetError.inUse(group) }
      }
    } catch let error as KafkaError where error.kind == .unsupported {
      throw ResetError.unsupported(groups: groups, topics: topics, reason: error)
    }
  }

  /// Deletes topics and groups; `report` is told each, and whether it was there.
  ///
  /// The topics go first: offsets without their checkpoints stop the next start with an error, whereas partials that no
  /// offset belongs to would be counted as if they were new.
  package func forget(_ report: (_ what: String, _ wasThere: Bool) -> Void) throws {
    try requireUnused()
    var leftGroups = groups
    var leftTopics = topics
    do {
      let deleted = try admin.deleteTopics(topics, timeoutMilliseconds: Self.timeoutMilliseconds)
      for topic in topics { report("the topic \(topic)", deleted.contains(topic)) }
      leftTopics = []
      for group in groups {
        let wasThere = try admin.deleteGroup(group, timeoutMilliseconds: Self.timeoutMilliseconds)
        report("the consumer group \(group)", wasThere)
        leftGroups.removeFirst()
      }
    } catch  where error.kind == .unsupported {
      throw ResetError.unsupported(groups: leftGroups, topics: leftTopics, reason: error)
    } catch {
      throw ResetError.unfinished(reason: error)
    }
    try waitUntilGone()
  }

  /// A start that still found the deleted topics would not create them again.
  private func waitUntilGone() throws {
    let deadline = ContinuousClock.now + .milliseconds(Self.timeoutMilliseconds)
    var named = topics
    while true {
      named = named.filter { topic in
        // While a topic is being deleted, asking about it fails on some brokers.
        let cluster = try? admin.metadata(of: [topic], timeoutMilliseconds: 1000)
        return cluster?.unknownTopics != [topic]
      }
      if named.isEmpty { return }
      if ContinuousClock.now > deadline { throw ResetError.stillNamed(named) }
      usleep(Self.pollMicroseconds)
    }
  }
}
