"""Runs the tests of one file, each in a directory of its own."""

import functools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import environment
from outcome import Failed, check, finish, outcomes

STOP_SECONDS = 15


class Process:
    """A program that runs beside a test; use it in a `with` statement."""

    def __init__(self, command, log):
        self.command = [str(one) for one in command]
        self.log = log
        self.process = None

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self):
        return self.log.read_text(errors="replace").strip()[-1500:]


def program():
    """The program to test. From here on SIGTERM ends the tests in order, and with them whatever they have started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    path = os.path.abspath(os.environ.get("LIVETALLY") or environment.ROOT / ".build/release/livetally")
    if not os.access(path, os.X_OK):
        sys.exit(f"{path} is not there: run make build, or set LIVETALLY to the program to test.")
    return path


def run(suite, tests):
    """Runs tests, {name: test(directory)}, each in a directory that stays where it fails, and ends the program."""
    for name, test in tests.items():
        prefix = f"{suite}-{name.replace(': ', '-')}-"
        directory = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=environment.ROOT / ".build"))
        began, before = time.monotonic(), len(outcomes)
        try:
            test(directory)
        except Failed as failure:
            check(name, False, str(failure))
        except Exception:
            check(name, False, traceback.format_exc())
        print(f"     {name} took {time.monotonic() - began:.1f} s", flush=True)
        if all(outcomes[before:]):
            shutil.rmtree(directory)
        else:
            print(f"     its files are in {directory}", flush=True)
    finish()


def main(suite, tests):
    """Runs the tests that are named on the command line, or all; each gets the program and its directory."""
    path = program()
    unknown = set(sys.argv[1:]) - {one.__name__ for one in tests}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such test; tests: {' '.join(one.__name__ for one in tests)}")
    chosen = [one for one in tests if one.__name__ in sys.argv[1:]] or tests
    run(suite, {one.__name__: functools.partial(one, path) for one in chosen})
