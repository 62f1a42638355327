"""The tutorial's commands, run one after the other in one shell; what they print must be what the tutorial shows.

    python Tests/Integration/tutorial_test.py [-v]

Of docs/tutorial.md each block marked `sh` is run, and the block marked `text` or `json` behind it is what it must print.
In there `...` stands for any text within a line, and alone on a line for any lines. Blocks marked `console` are not run.
The ports are exchanged for free ones. LIVETALLY is the program to test (default .build/release/livetally). With -v the
whole output is printed. The program ends with 1 when anything differs.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import environment

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1")

ROOT = environment.ROOT
TUTORIAL = ROOT / "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== block"
LIMIT_SECONDS = 180  # usually 45
PORTS = ("9092", "8080", "8081")


def free_ports():
    """{port of the tutorial: a free one}"""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = {port: str(one.getsockname()[1]) for port, one in zip(PORTS, sockets)}
    for one in sockets:
        one.close()
    return ports


def blocks(text):
    """[(line, commands, expected or None)]"""
    found = []
    for block in BLOCK.finditer(text):
        kind, content = block.groups()
        if kind == "sh":
            found.append((text.count("\n", 0, block.start()) + 1, content, None))
        elif kind in ("text", "json") and found and found[-1][2] is None:
            found[-1] = (*found[-1][:2], content)
    return found


def matches(expected, printed):
    """Whether it is what the tutorial shows."""
    pattern = ""
    for line in expected.splitlines():
        pattern += r"(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
    return re.fullmatch(pattern, printed) is not None


def run(directory, program, steps):
    """When each block began, in seconds, and what it printed, as far as they came; and the shell's exit code."""
    # As in a clone that has been built; the environment of these tests serves for the tutorial's.
    build = directory / ".build"
    build.mkdir()
    (build / "release").mkdir()
    (build / "release/livetally").symlink_to(program)
    (build / "python").symlink_to(ROOT / ".build/python")
    (directory / "scripts").mkdir()
    wrapper = directory / "scripts/python-env"
    wrapper.write_text(f'#!/bin/sh\nexec "{ROOT}/scripts/python-env" "$@"\n')
    wrapper.chmod(0o755)
    script = "set -eo pipefail\n" + "".join(
        f"printf '\\n{MARK} %d\\n' $SECONDS\n{commands}" for number, (_, commands, _) in enumerate(steps))
    shell = subprocess.Popen(["bash", "-c", script], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        printed, _ = shell.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        printed, _ = shell.communicate()
        printed += f"(not done after {LIMIT_SECONDS} s)\n"
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # what a block that failed has left behind
        except ProcessLookupError:
            pass
    parts = re.split(rf"\n?{MARK} (\d+)\n", printed)[1:]
    return list(zip(map(int, parts[::2]), parts[1::2])), shell.returncode


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    program = os.path.abspath(os.environ.get("LIVETALLY") or ROOT / ".build/release/livetally")
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there: run make build, or set LIVETALLY to the program to test.")
    text = TUTORIAL.read_text()
    for port, free in free_ports().items():
        text = text.replace(port, free)
    steps = blocks(text)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tutorial-", dir=ROOT / ".build") as temporary:
        parts, code = run(pathlib.Path(temporary), program, steps)
        passed = failed = 0
        for number, (line, commands, expected) in enumerate(steps):
            at, printed = parts[number] if number < len(parts) else (0, None)
            first = commands.splitlines()[0]
            if printed is not None and printed and not printed.endswith("\n"):
                printed += "\n"
            is_right = printed is not None and (expected is None or matches(expected, printed))
            if number == len(steps) - 1:
                is_right = is_right and code == 0
            passed, failed = passed + is_right, failed + (not is_right)
            print(f"{'ok  ' if is_right else 'FAIL'} line {line} at {at} s: {first}", flush=True)
            if not is_right or "-v" in sys.argv:
                print(f"     printed:\n{printed}" if printed is not None else "     was not reached")
            if not is_right and expected is not None and printed is not None:
                print(f"     the tutorial shows:\n{expected}")
    print(f"the shell ended with {code} after {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
