"""The commands of the tutorial and of "From Flink SQL"; what they print must be what the pages show.

    python Tests/Integration/tutorial_test.py [-v]

Each block of a page that is marked `sh` is run, all in one shell, and the block marked `text` or `json` behind it is
what it must print. In there `...` stands for any text within a line, and alone on a line for any lines. A block marked `yaml`
must be a configuration that is in order. Blocks with other marks are not run. The ports are exchanged for free ones.
LIVETALLY is the program to test (default .build/release/livetally). With -v the whole output is printed. The program
ends with 1 when anything differs.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

import environment
import suite

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1")

from outcome import check, finish

ROOT = environment.ROOT
PAGES = ("docs/tutorial.md", "docs/from-flink-sql.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== block"
LIMIT_SECONDS = 180  # usually 55
PORTS = ("9092", "8080", "8081")


def free_ports():
    """{port of a page: a free one}"""
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
        elif kind == "yaml":
            commands = f"cat > page.yaml <<'END'\n{content}END\nlivetally replay --config page.yaml /dev/null\n"
            found.append((text.count("\n", 0, block.start()) + 1, commands, "read 0 events ...\n...\n"))
        elif kind in ("text", "json") and found and found[-1][2] is None:
            found[-1] = (*found[-1][:2], content)
    return found


def matches(expected, printed):
    """Whether it is what the page shows."""
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
    script = f"set -eo pipefail\nPATH={build}/release:$PATH\n" + "".join(
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


def test(page, program):
    """Whether each of its blocks printed what the page shows."""
    text = (ROOT / page).read_text()
    free = free_ports()
    text = re.sub(rf"\b({'|'.join(PORTS)})\b", lambda port: free[port[0]], text)
    steps = blocks(text)
    with tempfile.TemporaryDirectory(prefix="tutorial-", dir=ROOT / ".build") as temporary:
        parts, code = run(pathlib.Path(temporary), program, steps)
    for number, (line, commands, expected) in enumerate(steps):
        at, printed = parts[number] if number < len(parts) else (0, None)
        if printed and not printed.endswith("\n"):
            printed += "\n"
        is_right = printed is not None and (expected is None or matches(expected, printed))
        if number == len(steps) - 1:
            is_right = is_right and code == 0
        check(f"{page}:{line} at {at} s", is_right, commands.splitlines()[0][:80])
        if not is_right or "-v" in sys.argv:
            print("     was not reached" if printed is None else f"     printed:\n{printed}")
        if not is_right and expected is not None and printed is not None:
            print(f"     the page shows:\n{expected}")


def main():
    path = suite.program()
    for page in PAGES:
        test(page, path)
    finish()


if __name__ == "__main__":
    main()
