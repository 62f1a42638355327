import Foundation
import Synchronization

/// The whole terminal as a screen, with its keys as they are pressed. What was on it comes back at the end, however that
/// comes: in order, by a signal, by a fault, or for the time that the program is stopped with Ctrl-Z.
///
/// The sequences are those that xterm, the Linux console, screen and tmux have in common; nothing is asked of terminfo.
final class TerminalScreen: @unchecked Sendable {
  /// An escape that nothing follows for so long is the key, ms: an arrow key's bytes come together, also over ssh.
  private static let escapeMilliseconds: Int32 = 50

  private let wasResized = Atomic<Bool>(true)
  private let resizes: any DispatchSourceSignal

  /// Takes the terminal; nil where standard output is none.
  init?() {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    signal(SIGWINCH, SIG_IGN)
    resizes = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: DispatchQueue(label: "resizes"))
    resizes.setEventHandler { [weak self] in self?.wasResized.store(true, ordering: .relaxed) }
    resizes.resume()
    TerminalState.take()
  }

  deinit { close() }

  /// Gives the terminal back as it was.
  func close() {
    resizes.cancel()
    TerminalState.giveBack()
  }

  /// Whether everything must be drawn again: at first, after a change of the size, and after a stop.
  func takeResized() -> Bool {
    let hasContinued = TerminalState.hasContinued.exchange(false, ordering: .relaxed)
    return wasResized.exchange(false, ordering: .relaxed) || hasContinued
  }

  /// Columns and rows.
  var size: (width: Int, height: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// The bytes of the keys pressed since the last call, after at most `milliseconds`; nil where there is no keyboard or
  /// it has gone.
  func read(milliseconds: Int32 = 0) -> [UInt8]? {
    guard TerminalState.hasKeyboard else { return nil }
    var one = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&one, 1, milliseconds) > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = Foundation.read(STDIN_FILENO, &bytes, bytes.count)
    if count > 0 { return Array(bytes[..<count]) }
    return count < 0 && (errno == EINTR || errno == EAGAIN) ? [] : nil
  }

  /// Whatever follows an escape at once.
  func readRest() -> [UInt8] { read(milliseconds: Self.escapeMilliseconds) ?? [] }
}

/// What a signal's handler has to know, and so outside of any object.
private enum TerminalState {
  /// The alternate screen, no cursor, and lines that end at the edge.
  private static let enter: StaticString = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
  private static let leave: StaticString = "\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
  /// Faults, and signals that nothing else in the program handles.
  private static let fatal = [SIGHUP, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]

  nonisolated(unsafe) private static var original = termios()
  nonisolated(unsafe) private(set) static var hasKeyboard = false
  private static let isTaken = Atomic<Bool>(false)
  static let hasContinued = Atomic<Bool>(false)

  static func take() {
    hasKeyboard = tcgetattr(STDIN_FILENO, &original) == 0
    seize()
    atexit { TerminalState.giveBack() }
    // A second signal, or an output that nobody reads any more.
    at_quick_exit { TerminalState.giveBack() }
    for number in fatal {
      signal(number) { number in
        TerminalState.giveBack()
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    signal(SIGTSTP) { _ in
      TerminalState.giveBack()
      raise(SIGSTOP)
    }
    signal(SIGCONT) { _ in
      TerminalState.seize()
      TerminalState.hasContinued.store(true, ordering: .relaxed)
    }
  }

  static func seize() {
    guard !isTaken.exchange(true, ordering: .acquiringAndReleasing) else { return }
    if hasKeyboard {
      var raw = original
      // Keys one by one and unseen; Ctrl-C and Ctrl-Z stay signals.
      raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
      raw.c_iflag &= ~tcflag_t(IXON)
      tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    }
    write(enter)
  }

  static func giveBack() {
    guard isTaken.exchange(false, ordering: .acquiringAndReleasing) else { return }
    write(leave)
    if hasKeyboard { tcsetattr(STDIN_FILENO, TCSADRAIN, &original) }
  }

  private static func write(_ text: StaticString) {
    _ = Foundation.write(STDOUT_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
