import ArgumentParser
import Dashboard
import Foundation
import Kafka
import Pipeline
import Traffic
import WindowEngine

/// Ends the program with one sentence on standard error and an exit code of sysexits.h.
enum Failure {
  static let usage = ExitCode(64)
  static let badData = ExitCode(65)
  static let unavailable = ExitCode(69)
  static let `internal` = ExitCode(70)
  static let badConfiguration = ExitCode(78)

  /// Prints `error` and gives the code to throw.
  static func report(_ error: any Error) -> any Error {
    if error is ExitCode || error is ValidationError || error is CleanExit { return error }
    let text = "\(error)"
    write(error is ConfigurationError ? "\(text)\n" : "livetally: \(text)\n")
    return code(of: error)
  }

  /// Writes to standard error.
  static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  private static func code(of error: any Error) -> ExitCode {
    switch error {
    case is TrafficOptionsError, is Unconfirmed: usage
    case ResetError.unfinished(let reason): code(of: reason)
    case is ResetError: unavailable
    case is ConfigurationError, is UnreadableConfiguration, is InvalidPropertiesError, is NothingToServe:
      badConfiguration
    case DashboardError.badHost, TopicError.partitionCount: badConfiguration
    case is DashboardError, is TopicError, is PartitionsChanged, is InstanceTaken: unavailable
    case is StateError, is RestoreError: badData
    case FileError.sameFile: usage
    case FileError.cannotOpen, FileError.cannotWrite: unavailable
    case is FileError: badData
    case let error as KafkaError: code(of: error.kind)
    default: `internal`
    }
  }

  private static func code(of kind: KafkaErrorKind) -> ExitCode {
    switch kind {
    case .badConfiguration: badConfiguration
    case .offsetOutOfRange: badData
    case .fatal, .fenced, .abortable, .other: `internal`
    case .unreachable, .authenticationRefused, .authorizationRefused, .unknownTopic, .retriable, .timedOut,
      .unsupported, .groupInUse, .queueFull:
      unavailable
    }
  }
}

/// Runs `body` and turns what it throws into a sentence and an exit code.
func reportingFailures<Result>(_ body: () throws -> Result) throws -> Result {
  do { return try body() } catch { throw Failure.report(error) }
}
