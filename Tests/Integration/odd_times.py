"""Wrong clocks, old events, silent and slow partitions, each with the records and rejects of the contract."""

import json
import time

from events import LATENESS, MAX_FUTURE, OUT_OF_ORDERNESS, PANE
from flow import send_closing_events
from instances import Instances
from judgement import Dump, judge, wait_for_finals
from outcome import check
from outputs import Outputs
from program import Writer
from scenario import shown
from traffic import START, instant

HOUR = 3_600_000
SECONDS = 300
ODD_SECOND = 100
NEVER = "10m"


class Stream:
    """One event a second in every source partition, and odd ones in between."""

    def __init__(self, broker):
        self.broker = broker
        self.writer = Writer(broker)
        self.newest = START
        self.sent = 0
        self.counts = {}
        #: {(topic, partition, offset): reason}, by arithmetic.
        self.rejects = {}

    def sources(self):
        return [(topic, partition) for topic, count in self.broker.partitions.items() for partition in range(count)]

    def put(self, topic, partition, raw, timestamp):
        """Returns the place of the event."""
        offset = self.counts.get((topic, partition), 0)
        self.counts[topic, partition] = offset + 1
        self.writer.send(topic, partition, raw, timestamp)
        return topic, partition, offset

    def send(self, source, ts, record_ts=None, session=None, reason=None):
        topic, partition = source
        self.sent += 1
        event = {"session_id": session or f"s-{topic}-{partition}", "host_id": f"h{partition}", "channel": "jd",
                 "ts": ts}
        if topic == "purchases":
            event |= {"type": "paid", "event_id": f"e{self.sent}", "order_id": f"o{self.sent}",
                      "buyer_id": f"b{self.sent % 97}", "amount": f"{self.sent % 50 + 1}.50"}
        else:
            event |= {"type": "enter", "viewer_id": f"v{self.sent % 97}"}
        place = self.put(topic, partition, json.dumps(event, separators=(",", ":")).encode(), record_ts or ts)
        if reason:
            self.rejects[place] = reason
        else:
            self.newest = max(self.newest, ts)

    def second(self, second, sources=None):
        for source in sources or self.sources():
            self.send(source, START + second * 1000)

    def close(self):
        closed = send_closing_events(self.broker, self.newest, self.put)
        self.writer.flush()
        return closed


def finish(name, stream, instances, outputs, closed):
    """Compares with replay, and the rejects with arithmetic too."""
    judge(name, instances, outputs, closed, stream.counts)
    found = {one[2:5]: one[5] for one in outputs.rejected}
    wrong = [f"{place} is {found.get(place)} and should be {stream.rejects.get(place)}"
             for place in sorted(found.keys() | stream.rejects.keys()) if found.get(place) != stream.rejects.get(place)]
    check(f"{name}: rejects by arithmetic", not wrong and len(outputs.rejected) == len(stream.rejects),
          f"{len(stream.rejects)} expected, {shown(wrong)}")


def run_all(name, broker, fill):
    """`fill` sends everything into a stream; then the daemon reads it."""
    stream = Stream(broker)
    fill(stream)
    group = name.replace("_", "-")
    with Outputs(broker) as outputs, Instances(broker, group, ("one",), idle_timeout=NEVER) as instances:
        closed = stream.close()
        instances.start("one")
        finish(name, stream, instances, outputs, closed)


def clock_ahead(broker):
    """A producer whose clock is an hour ahead: its events count, and all others of its partition are too late then."""
    def fill(stream):
        ahead = ("viewers", 1)
        for second in range(SECONDS):
            stream.second(second, [one for one in stream.sources() if one != ahead])
            ts = START + second * 1000
            watermark = START + ODD_SECOND * 1000 + HOUR - OUT_OF_ORDERNESS
            is_late = second > ODD_SECOND and ts + PANE + LATENESS <= watermark
            stream.send(ahead, ts, reason="too_late" if is_late else None)
            if second == ODD_SECOND:
                stream.send(ahead, ts + HOUR, session="ahead")

    run_all("clock_ahead", broker, fill)


def event_ahead(broker):
    """Events that are ahead of their records' time stamps: one ms too much is rejected and moves no watermark."""
    def fill(stream):
        for second in range(SECONDS):
            stream.second(second)
            if second == ODD_SECOND:
                now = START + second * 1000
                for source in stream.sources():
                    stream.send(source, now + HOUR, now, "ahead", "from_future")
                    stream.send(source, now + MAX_FUTURE + 1, now, "ahead", "from_future")

    run_all("event_ahead", broker, fill)


def old_events(broker):
    """A producer that wakes after an hour with what it had kept: too late, each once, whatever its records' time."""
    def fill(stream):
        for second in range(SECONDS):
            stream.second(second)
            if second >= SECONDS - 10:
                now = START + second * 1000
                for source in stream.sources():
                    old = now - HOUR
                    stream.send(source, old, now, "old", "too_late")
                    stream.send(source, old, old, "old", "too_late")

    run_all("old_events", broker, fill)


def silent_topic(broker):
    """A topic without any event holds nothing back: neither while the other one flows nor when that stops."""
    stream = Stream(broker)
    purchases = [one for one in stream.sources() if one[0] == "purchases"]
    with Outputs(broker) as outputs, Instances(broker, "silent-topic", ("one",), idle_timeout="1s") as instances:
        instances.start("one")
        early = 0
        for second in range(SECONDS):
            stream.second(second, purchases)
            stream.writer.producer.poll(0)
            deadline = time.monotonic() + 0.05
            while time.monotonic() < deadline:
                outputs.read(0.01)
            instances.tick()
            early = len(outputs.finals.records)
        stream.writer.flush()
        finish("silent_topic", stream, instances, outputs, instant((stream.newest // PANE + 1) * PANE))
    check("silent_topic: final records came while the other topic flowed", early > 0, f"{early} final records")


def trickle(broker):
    """A partition with an event a minute, which is not idle: final records reach to its watermark and no further."""
    stream = Stream(broker)
    slow = ("viewers", 3)
    for second in range(SECONDS):
        stream.second(second, [one for one in stream.sources() if one != slow or second % 60 == 0])
    stream.writer.flush()
    held = instant(START + (SECONDS - 1) // 60 * 60_000 - OUT_OF_ORDERNESS)
    with Outputs(broker) as outputs, Instances(broker, "trickle", ("one",), idle_timeout=NEVER) as instances:
        instances.start("one")
        expected, _ = Dump(broker).replayed(instances.configuration, outputs.kinds)
        wait_for_finals(instances, outputs, expected.until(held))
        outputs.read_on()
        beyond = [" ".join(one) for one, record in outputs.finals.records.items() if record["window_end"] > held]
        check("trickle: final records reach to the slow partition's watermark", not beyond,
              f"{len(outputs.finals.records)} to {held}, {len(beyond)} beyond it {beyond[:2]}")
        closed = stream.close()
        finish("trickle", stream, instances, outputs, closed)
