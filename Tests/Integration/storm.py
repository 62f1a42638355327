"""Instances that join and leave in an orderly way, one every few seconds, while events arrive fast."""

import random
import re
import subprocess
import time

from flow import send_closing_events
from instances import Instances
from judgement import judge
from outcome import check
from outputs import Outputs
from program import Writer, require
from sizes import size

GROUP = "storm"
#: The first leads both groups and stays: when a leader leaves during a rebalance, Tansu never assigns anything again.
LEADER = "one"
NAMES = (LEADER, "two", "three", "four")
LEADER_SECONDS = 30
CHANGE_SECONDS = 5
MORE = "limits: {memory: 1GiB}"
#: Both groups have their first member after so long.
SETTLED_SECONDS = 5
ASSIGNED = re.compile(r"\bassigned [1-9]")
MADE = re.compile(r"made ([\d ]+) events")


def leads(instances):
    return any(ASSIGNED.search(line) for _, line in list(instances[LEADER].lines))


def storm(broker):
    """Nothing is lost or doubled while members come and go."""
    seconds, rate, seed = size("SECONDS", 30, 120), size("RATE", 5000, 50_000), size("SEED", 1, 1)
    chance = random.Random(seed)
    joined = left = 0
    started = time.monotonic()
    with Outputs(broker) as outputs, Instances(broker, GROUP, NAMES, idle_timeout="10m", more=MORE) as instances:
        instances.start(LEADER)
        instances.wait_for(lambda: time.monotonic() > started + SETTLED_SECONDS and leads(instances), LEADER_SECONDS,
                           "the first instance got no partitions")
        instances.start(NAMES[1])
        generating = subprocess.Popen(
            [broker.program, "generate", "--bootstrap-servers", broker.servers, "--rate", str(rate), "--seed",
             str(seed), "--sessions", "200", "--late", "0.01", "--duplicates", "0.01", "--garbage", "0.001",
             "--too-late", "0.0005"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=broker.environment())
        try:
            began = time.monotonic()
            change_at = began + CHANGE_SECONDS
            while time.monotonic() < began + seconds:
                outputs.read()
                instances.tick()
                require(generating.poll() is None, f"livetally generate ended with {generating.returncode}")
                if time.monotonic() < change_at:
                    continue
                change_at += CHANGE_SECONDS
                running, absent = instances.running(), instances.absent()
                if absent and (len(running) == 1 or chance.random() < 0.5):
                    instances.start(chance.choice(absent))
                    joined += 1
                elif len(running) > 1:
                    instances.leave(chance.choice([one for one in running if one != LEADER]))
                    left += 1
        finally:
            generating.terminate()
            said = generating.communicate(timeout=60)[1]
        took = time.monotonic() - began
        made = MADE.search(said)
        require(generating.returncode == 0 and made, f"livetally generate ended with {generating.returncode}: {said}")
        made = int(made[1].replace(" ", ""))

        writer = Writer(broker)
        closed = send_closing_events(broker, int(time.time() * 1000), writer.send)
        writer.flush()
        print(f"     {joined} joined and {left} left in {took:.0f} s, {made / took:.0f} events/s,"
              f" {outputs.count()} records so far; seed {seed}", flush=True)
        held = judge("storm", instances, outputs, closed)
        there = made + sum(broker.partitions.values())
        # The last event that was made need not have been sent when it was stopped.
        check("storm: the source topics hold what was generated", held in (there, there - 1),
              f"{held} of {there} events")
        check("storm: SIGTERM ends in order", instances.stops, f"slowest {max(instances.stops, default=0):.1f} s")
