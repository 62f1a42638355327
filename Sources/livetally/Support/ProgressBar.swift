import Foundation

/// A line on standard error that shows how far a long run has come; nothing where that is no terminal.
final class ProgressBar: @unchecked Sendable {
  private static let width = 30
  private static let interval: TimeInterval = 0.2

  private let timer: DispatchSourceTimer?
  private let queue = DispatchQueue(label: "progress")

  /// `progress` gives what is done and what there is to do, the latter 0 where it is not known; `unit` prints a count.
  init(progress: @escaping @Sendable () -> (done: Int64, total: Int64), unit: @escaping @Sendable (Int64) -> String) {
    guard isatty(STDERR_FILENO) == 1 else {
      timer = nil
      return
    }
    let started = Date()
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval)
    timer.setEventHandler {
      let (done, total) = progress()
      let seconds = Date().timeIntervalSince(started)
      var line = "\r\u{1B}[K"
      if total > 0 {
        let share = min(1, Double(done) / Double(total))
        let filled = Int(share * Double(Self.width))
        line += "[\(String(repeating: "=", count: filled))\(String(repeating: " ", count: Self.width - filled))] "
        line += "\(Int(share * 100)) %  "
      }
      Failure.write(line + "\(unit(done))  \(unit(Int64(Double(done) / seconds)))/s")
    }
    timer.resume()
    self.timer = timer
  }

  /// Removes the line.
  func finish() {
    guard let timer else { return }
    timer.cancel()
    queue.sync {}
    Failure.write("\r\u{1B}[K")
  }
}

/// Counts and sizes for people.
enum Text {
  static func bytes(_ count: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit])
  }

  static func grouped(_ count: some BinaryInteger) -> String {
    let digits = String(count)
    var text = ""
    for (i, digit) in digits.enumerated() {
      if i > 0 && digit != "-" && (digits.count - i) % 3 == 0 && text != "-" { text += " " }
      text.append(digit)
    }
    return text
  }
}
