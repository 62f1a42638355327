"""Runs tests of one file: each gets the program and a directory of its own."""

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
from program import Failed
from scenario import check, outcomes

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


def main(suite, tests):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends with the tests
    program = os.path.abspath(os.environ.get("LIVETALLY") or environment.ROOT / ".build/release/livetally")
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there: run make build, or set LIVETALLY to the program to test.")
    unknown = set(sys.argv[1:]) - {one.__name__ for one in tests}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such test; tests: {' '.join(one.__name__ for one in tests)}")
    for test in [one for one in tests if one.__name__ in sys.argv[1:]] or tests:
        directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{suite}-{test.__name__}-", dir=environment.ROOT / ".build"))
        began, before = time.monotonic(), len(outcomes)
        try:
            test(program, directory)
        except Failed as failure:
            check(test.__name__, False, str(failure))
        except Exception:
            check(test.__name__, False, traceback.format_exc())
        print(f"     {test.__name__} took {time.monotonic() - began:.1f} s", flush=True)
        if all(outcomes[before:]):
            shutil.rmtree(directory)
        else:
            print(f"     its files are in {directory}", flush=True)
    failed = outcomes.count(False)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
