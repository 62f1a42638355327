"""What a check found, and the end of a program that checks."""

import sys

outcomes = []


class Failed(Exception):
    """What a test found wrong."""


def check(name, passed, detail=""):
    outcomes.append(passed)
    print(f"{'ok  ' if passed else 'FAIL'} {name}{': ' if detail else ''}{detail}", flush=True)


def finish():
    """Says how many checks passed, and ends the program: with 1 when one has failed."""
    failed = outcomes.count(False)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
