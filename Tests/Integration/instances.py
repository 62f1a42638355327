"""Several instances of `livetally run` with one group.id, which are started, killed and stopped while a test runs."""

import subprocess
import threading
import time

from confluent_kafka import Producer

from outcome import Failed
from scenario import CONFIGURATION, configure

#: What the daemon sets as transaction.timeout.ms unless it is configured.
TRANSACTION_TIMEOUT_SECONDS = 5
TRANSACTIONAL_STAGES = ("ingest", "rollup")
#: SIGTERM finishes the transactions in flight and leaves the groups.
STOP_SECONDS = 20


class Instance:
    """One process, with what it said and when."""

    def __init__(self, broker, configuration, name, run):
        self.name = name
        self.lines = []
        self.asked_at = self.ended_at = None
        self.log = broker.directory / f"{name}-{run}.log"
        self.process = subprocess.Popen([broker.program, "run", "--config", configuration], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=broker.environment())
        self.follower = threading.Thread(target=self.follow, daemon=True)
        self.follower.start()

    def follow(self):
        with open(self.log, "wb") as log:
            for raw in self.process.stdout:
                self.lines.append((time.monotonic(), raw.decode(errors="replace").rstrip()))
                log.write(raw)
                log.flush()
        self.ended_at = time.monotonic()

    def said(self):
        """What it said last; the rest is in its log."""
        return f"{self.log.name}: {self.lines[-1][1][-300:] if self.lines else 'nothing'}"

    def lines_since(self, start, *words):
        """(seconds after `start`, line) of the lines with one of the words."""
        return [(when - start, line) for when, line in list(self.lines)
                if when >= start and any(word in line for word in words)]

    def memory(self, field):
        """VmRSS or VmHWM in MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field + ":")) / 1024

    def is_running(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.follower.join()


class Instances:
    """The instances of one group; use it in a `with` statement."""

    def __init__(self, broker, group, names, idle_timeout="30s", more="", text=CONFIGURATION):
        self.broker = broker
        self.group = group
        self.names = names
        self.configurations = {
            name: configure(broker, group, idle_timeout, f"instance: {name}\n{more}", name=f"{group}-{name}", text=text)
            for name in names
        }
        self.instances = {}
        self.runs = 0
        #: When the broker has to end the transactions of killed instances, by name.
        self.time_outs = {}
        self.leaving = []
        #: What went wrong with the processes themselves.
        self.problems = []
        self.stops = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for instance in [*self.instances.values(), *self.leaving]:
            if instance.is_running():
                instance.kill()

    @property
    def configuration(self):
        """For replay, which does not mind the name of the instance."""
        return self.configurations[self.names[0]]

    def __getitem__(self, name):
        return self.instances[name]

    def running(self):
        return sorted(self.instances)

    def absent(self):
        """Names that can be started; one that still leaves cannot."""
        taken = {*self.instances, *(one.name for one in self.leaving)}
        return [name for name in self.names if name not in taken]

    def start(self, name):
        self.runs += 1
        self.time_outs.pop(name, None)  # it ends the transactions of its predecessor itself
        self.instances[name] = Instance(self.broker, self.configurations[name], name, self.runs)

    def kill(self, name):
        """SIGKILL; returns when."""
        instance = self.instances.pop(name)
        when = time.monotonic()
        instance.kill()
        self.time_outs[name] = when + TRANSACTION_TIMEOUT_SECONDS
        return when

    def leave(self, name):
        """SIGTERM; `tick` sees whether it ends in order."""
        instance = self.instances.pop(name)
        instance.asked_at = time.monotonic()
        instance.process.terminate()
        self.leaving.append(instance)

    def tick(self):
        """To be called again and again: ends transactions that timed out, looks for processes that ended."""
        now = time.monotonic()
        for name in [one for one, when in self.time_outs.items() if when <= now]:
            del self.time_outs[name]
            self.end_transactions(name)
        for name, instance in list(self.instances.items()):
            if not instance.is_running():
                self.problems.append(f"{name} ended by itself with {instance.process.returncode}: {instance.said()}")
                print(f"     {self.problems[-1]}", flush=True)
                del self.instances[name]
                self.start(name)
        for instance in list(self.leaving):
            if not instance.is_running():
                instance.follower.join()
                self.leaving.remove(instance)
                self.stops.append(instance.ended_at - instance.asked_at)
                if instance.process.returncode != 0:
                    self.problems.append(f"{instance.name} ended with {instance.process.returncode} after SIGTERM:"
                                         f" {instance.said()}")
            elif now - instance.asked_at > STOP_SECONDS:
                self.problems.append(f"{instance.name} did not end within {STOP_SECONDS} s of SIGTERM:"
                                     f" {instance.said()}")
                self.leaving.remove(instance)
                instance.kill()
                self.time_outs[instance.name] = now

    def end_transactions(self, name):
        """What Kafka does itself when transaction.timeout.ms is over; Tansu would hold readers back for ever."""
        for stage in TRANSACTIONAL_STAGES:
            producer = Producer({"bootstrap.servers": self.broker.servers, "log_level": 3,
                                 "transactional.id": f"{self.group}-{name}-{stage}"})
            producer.init_transactions(20)

    def stop_all(self):
        for name in self.running():
            self.leave(name)
        while self.leaving or self.time_outs:
            self.tick()
            time.sleep(0.05)

    def wait_for(self, condition, seconds, what):
        """Like `program.wait_for`, while the processes are looked after."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.tick()
            if time.monotonic() > deadline:
                raise Failed(f"{what() if callable(what) else what} (waited {seconds} s);"
                             f" {'; '.join(self.problems[:3])}")
