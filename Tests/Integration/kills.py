"""Instances that are killed again and again while events arrive."""

import random
import time

from flow import Flow
from instances import Instances
from judgement import judge
from outputs import Outputs
from sizes import size

GROUP = "kills"
NAMES = ("one", "two", "three")
MORE = "limits: {memory: 1GiB}"
LONG_PAUSE_SHARE = 0.3
#: The next kill waits this long for new records, so that not all of them hit instances that are still joining.
PATIENCE_SECONDS = 12


def kills(broker):
    """SIGKILL of random instances at random moments: final records are those of replay."""
    events, rate = size("EVENTS", 60_000, 1_000_000), size("RATE", 1500.0, 3000.0)
    count, seed = size("KILLS", 5, 30), size("SEED", 1, 1)
    chance = random.Random(seed)
    due = sorted(chance.uniform(0.05, 0.95) * events for _ in range(count))
    restarts, with_progress, seen = [], 0, 0
    flow = Flow(broker, events, seed, sessions=max(40, events // 2500))
    with flow, Outputs(broker) as outputs, Instances(broker, GROUP, NAMES, idle_timeout="10m", more=MORE) as instances:
        for name in NAMES:
            instances.start(name)
        flow.start(rate)
        began = time.monotonic()
        patient_until = began + PATIENCE_SECONDS
        while flow.is_running() or due or restarts:
            outputs.read()
            instances.tick()
            now = time.monotonic()
            for one in [one for one in restarts if one[0] <= now]:
                restarts.remove(one)
                instances.start(one[1])
            has_progress = outputs.count() > seen
            if due and flow.produced >= due[0] and instances.running() and (has_progress or now > patient_until):
                due.pop(0)
                name = chance.choice(instances.running())
                instances.kill(name)
                # Some pauses are longer than the session timeout: the others take over. After a short one they do not.
                is_long = chance.random() < LONG_PAUSE_SHARE
                restarts.append((now + (chance.uniform(7, 11) if is_long else chance.uniform(0.1, 2)), name))
                with_progress += has_progress
                seen, patient_until = outputs.count(), now + PATIENCE_SECONDS
        print(f"     {count} kills in {time.monotonic() - began:.0f} s, {with_progress} of them after new records,"
              f" {outputs.count()} records so far; seed {seed}", flush=True)
        closed = flow.close()
        judge("kills", instances, outputs, closed, flow.counts, members_are_missed=True)
