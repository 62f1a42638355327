"""A broker that stands still for a while with events queued on both sides of it.

On the embedded broker by default: that the daemon recovers with the right final records. What it keeps is small, so
the memory says little there, and as it does not tell aborted records, rejects may be there twice, sessions may be left
of transactions that were aborted, and live totals are not judged. Tansu can be chosen, but does not get over every
halt: it serves requests of connections that are closed already, begins a transaction for a producer whose id has been
registered again since, and never ends it, so that readers see nothing any more.
"""

import signal
import time

from flow import Flow
from instances import Instances
from judgement import judge
from outcome import check
from outputs import Outputs
from sizes import size

GROUP = "stalled"
NAME = "one"
SAMPLE_SECONDS = 0.2
START_SECONDS = 60


def stalled_broker(broker):
    """The daemon's memory stays within its limit, and it goes on where it was."""
    halt(broker, "stalled_broker", size("EVENTS", 60_000, 60_000))  # no partition may outgrow the embedded broker


def stalled_tansu(broker):
    halt(broker, "stalled_tansu", size("EVENTS", 200_000, 1_000_000))


def halt(broker, test, events):
    stall = size("STALL", 15, 30)
    limit, seed = size("MEMORY_MIB", 512, 512), size("SEED", 1, 1)
    flow = Flow(broker, events, seed)
    with flow, Outputs(broker) as outputs, Instances(
            broker, GROUP, (NAME,), idle_timeout="10m", more=f"limits: {{memory: {limit}MiB}}") as instances:
        flow.send(events // 2)
        flow.producer.flush(60)
        instances.start(NAME)

        def has_begun():
            outputs.read(0.02)
            return outputs.count() > 0

        instances.wait_for(has_begun, START_SECONDS, "no record was published")
        broker.process.send_signal(signal.SIGSTOP)
        try:
            before, samples, began = outputs.count(), [], time.monotonic()
            flow.send(events // 4)  # they wait in this client
            while time.monotonic() < began + stall and instances[NAME].is_running():
                samples.append(instances[NAME].memory("VmRSS"))
                time.sleep(SAMPLE_SECONDS)
        finally:
            broker.process.send_signal(signal.SIGCONT)
        resumed = time.monotonic()

        def has_resumed():
            outputs.read()
            return outputs.count() > before

        # What had arrived here when the broker stopped may still come.
        outputs.read()
        before = outputs.count()
        instances.wait_for(has_resumed, START_SECONDS, "no record was published after the broker went on")
        resumed_after = time.monotonic() - resumed
        flow.send(events - flow.produced)
        closed = flow.close()
        peak = max([*samples, instances[NAME].memory("VmHWM")])
        judge(test, instances, outputs, closed, flow.counts)
        check(f"{test}: memory stays within limits.memory", samples and peak < limit,
              f"{samples[0]:.0f} MiB when the broker stopped, at most {max(samples):.0f} MiB in {stall} s,"
              f" peak {peak:.0f} MiB of {limit} MiB; first record {resumed_after:.1f} s after it went on")
