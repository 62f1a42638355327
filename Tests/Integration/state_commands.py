"""Tests of the commands about stored state: what `check` says of it, and `reset`, after which all is counted again."""

import json
import os
import pty
import re
import signal
import subprocess

from confluent_kafka import Consumer, TopicPartition

from outcome import check
from program import Daemon, Reader, Writer, complaint, run, wait_for
from records import Finals, differences
from scenario import KINDS, SETTLED_SECONDS, bytes_of, configure, finals_of_replay, missing, shown, take_finals
from traffic import Traffic

SHARDS = 8
INTERNAL = ("livetally.partials", "livetally.checkpoints")
OUTPUTS = ("livetally.live", "livetally.metrics", "livetally.leaderboards", "livetally.rejects")


def stored_state(broker):
    """A run, `check` of what it leaves behind, `reset`, and a run that publishes everything again."""
    configuration = configure(broker, "state")
    traffic = Traffic(broker, 6000, seed=14)
    expected, _ = finals_of_replay(broker, configuration, bytes_of(traffic.logs))
    wanted = expected.until(traffic.closed)
    traffic.send(Writer(broker), 0, None)
    partitions = broker.partitions | {"livetally.partials": SHARDS}
    lines = checked(broker, configuration)
    check(f"{broker.name}: check when nothing is stored", "no offset is committed" in lines[-1], lines[-1])

    with Reader(broker, "livetally.metrics", "livetally.leaderboards") as reader:
        with Daemon(broker, configuration, "run-1") as daemon:
            finals = published(daemon, reader, wanted)
            held = offsets(broker, "state", partitions)
            ended = run(broker, "reset", "--config", configuration, "--yes")
            still = offsets(broker, "state", partitions)
            check(f"{broker.name}: reset refuses while an instance runs",
                  is_refused(ended, 69, "state-ingest") and held.keys() == still.keys() and len(held) == 5 + SHARDS
                  and all(still[place] >= held[place] for place in held) and is_there(broker, *INTERNAL),
                  f"ended with {ended.returncode}: {ended.stderr.strip()}; {len(still)} committed offsets stay")
            daemon.stop()
        reader.read_on()
        one = differences(wanted, finals.until(traffic.closed))
        check(f"{broker.name}: final records of the first run are those of replay", not one,
              f"{len(wanted)} compared, {shown(one)}")

        check_stored(broker, configuration, traffic, partitions)
        check_confirmation(broker, configuration, partitions)

        before = everything(broker)
        ended = run(broker, "reset", "--config", configuration, "--yes")
        left, after = offsets(broker, "state", partitions), everything(broker)
        check(f"{broker.name}: reset forgets offsets, partials and checkpoints, and nothing else",
              ended.returncode == 0 and not left and before == after and all(after.values())
              and not is_there(broker, *INTERNAL),
              f"ended with {ended.returncode}: {ended.stdout.strip()} {ended.stderr.strip()}; left: {left}; {after}")
        again = run(broker, "reset", "--config", configuration, "--yes")
        check(f"{broker.name}: reset of what is gone", again.returncode == 0 and again.stdout.count("was not there") >= 2,
              f"ended with {again.returncode}: {again.stdout.strip()} {again.stderr.strip()}")
        lines = checked(broker, configuration)
        check(f"{broker.name}: check after a reset", "no offset is committed" in lines[-1], lines[-1])

        reader.read_on()
        with Daemon(broker, configuration, "run-2") as daemon:
            finals = published(daemon, reader, wanted)
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
        two = differences(wanted, finals.until(traffic.closed))
        check(f"{broker.name}: after a reset all final records are published again", not two,
              f"{len(wanted)} compared with replay, {shown(two)}")
        check_killed(broker, configuration, partitions)


def published(daemon, reader, wanted):
    """What a run publishes, and nothing from before it."""
    finals = Finals(KINDS)

    def is_everything_there():
        take_finals(finals, reader.read())
        return wanted.keys() <= finals.records.keys()

    wait_for(is_everything_there, SETTLED_SECONDS, lambda: missing(wanted, finals), daemon)
    take_finals(finals, reader.read_on())
    return finals


def check_stored(broker, configuration, traffic, partitions):
    # Every partition ends with the closing event, so all have one watermark.
    watermark = re.sub(r"\.\d+", "", traffic.closed)
    lines = checked(broker, configuration)
    absent = [topic for topic, count in partitions.items() if not any(
        line.startswith(f"ok    {topic}: offsets of {count} of {count} partitions are committed, at most 0 records behind")
        and line.endswith(f", watermarks {watermark}") == (topic in broker.partitions) for line in lines)]
    # This broker does not keep the metadata of offsets.
    check(f"{broker.name}: check tells what is stored",
          not absent and "does not keep the metadata" in lines[-1] and not any("FIX" in line for line in lines),
          " | ".join(lines[-4:]) + f"; absent: {absent or 'none'}")

    writer = Writer(broker)
    event = {"type": "heartbeat", "session_id": "closing", "viewer_id": "closing", "ts": traffic.closing_at}
    for _ in range(7):
        writer.send("viewers", 1, json.dumps(event).encode(), traffic.closing_at)
    writer.flush()
    behind = {topic: int(re.search(r"committed, at most (\d+) records behind", line)[1]) for line in
              checked(broker, configuration) for topic in partitions
              if line.startswith(f"ok    {topic}: offsets")}
    check(f"{broker.name}: check tells how far commits are behind",
          behind == {"purchases": 0, "viewers": 7, "livetally.partials": 0}, str(behind))

    other = broker.directory / "other-plan.yaml"
    other.write_text(configuration.read_text().replace("size: 1m, slide: 10s", "size: 1m, slide: 20s"))
    lines = checked(broker, other)
    noted = [line for line in lines if line.startswith("note") and "of another configuration" in line]
    check(f"{broker.name}: check tells that what is stored is of another configuration",
          len(noted) == 1 and f"for {5 + SHARDS} of {5 + SHARDS} partitions" in noted[0] and "anew" in noted[0],
          noted[0] if noted else str(lines))


def check_confirmation(broker, configuration, partitions):
    held = offsets(broker, "state", partitions)
    for typed in ("yes", "", "state-ingest"):
        code, said = on_terminal(broker, typed, "reset", "--config", configuration)
        names = all(name in said for name in ("state-ingest", "state-rollup", *INTERNAL))
        check(f"{broker.name}: reset on a terminal where {typed!r} is typed",
              code == 64 and names and offsets(broker, "state", partitions) == held and is_there(broker, *INTERNAL),
              f"ended with {code}: {said.splitlines()[-1]}")
    code, said = on_terminal(broker, "state", "reset", "--config", configuration)
    check(f"{broker.name}: reset on a terminal where the group id is typed",
          code == 0 and not offsets(broker, "state", partitions) and not is_there(broker, *INTERNAL), said)
    # So that the next reset has something to do.
    with Daemon(broker, configuration, "run-between") as daemon:
        wait_for(lambda: len(offsets(broker, "state", partitions)) == 5 + SHARDS, SETTLED_SECONDS,
                 "the offsets are not committed again", daemon)
        daemon.stop()


def check_killed(broker, configuration, partitions):
    """This broker does not miss the last member of a group: an instance has to come and go."""
    ended = run(broker, "reset", "--config", configuration, "--yes")
    check(f"{broker.name}: reset refuses while the broker does not miss a killed instance",
          is_refused(ended, 69, "SIGTERM"), f"ended with {ended.returncode}: {ended.stderr.strip()}")
    with Daemon(broker, configuration, "run-3") as daemon:
        wait_for(lambda: re.search(r"assigned [1-9]\d* partitions", daemon.said())
                 and re.search(r"assigned [1-9]\d* shards", daemon.said()), SETTLED_SECONDS, "nothing is assigned", daemon)
        daemon.stop(20)
    before = offsets(broker, "state", partitions)
    admin = broker.admin()
    admin.delete_topics(["livetally.checkpoints"])["livetally.checkpoints"].result(10)
    ended = run(broker, "check", "--config", configuration)
    fix = [line for line in ended.stdout.splitlines() if line.startswith("FIX")]
    check(f"{broker.name}: check of offsets without checkpoints",
          ended.returncode == 65 and len(fix) == 1 and "livetally reset" in fix[0], f"{ended.returncode}: {fix}")
    ended = run(broker, "reset", "--config", configuration, "--yes")
    check(f"{broker.name}: reset after an instance has come and gone",
          ended.returncode == 0 and before and not offsets(broker, "state", partitions),
          f"ended with {ended.returncode}: {ended.stdout.strip()} {ended.stderr.strip()}")


def reset_refusals(broker):
    configuration = configure(broker, "refusals")
    ended = run(broker, "reset", "--config", configuration)
    check(f"{broker.name}: reset without a terminal",
          is_refused(ended, 64, "--yes", "refusals-ingest", "refusals-rollup", *INTERNAL), ended.stderr.strip())
    if not broker.keeps_offsets:
        # librdkafka's mock cluster cannot do it.
        ended = run(broker, "reset", "--config", configuration, "--yes")
        check(f"{broker.name}: reset where the broker cannot do it",
              is_refused(ended, 69, "broker's own tools", "refusals-ingest", "refusals-rollup", *INTERNAL),
              f"ended with {ended.returncode}: {ended.stderr.strip()}")


def is_refused(ended, code, *texts):
    said = complaint(ended)
    return ended.returncode == code and len(said) == 1 and all(text in said[0] for text in texts)


def checked(broker, configuration):
    ended = run(broker, "check", "--config", configuration)
    return ended.stdout.splitlines() if ended.returncode == 0 else [f"it ended with {ended.returncode}", ended.stderr]


def on_terminal(broker, typed, *arguments):
    """Runs a command whose standard input is a terminal; returns its exit code and what it printed."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen([broker.program, *arguments], stdin=theirs, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=broker.environment()) as process:
            os.write(ours, f"{typed}\n".encode())
            said, _ = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    return process.returncode, said.strip()


def offsets(broker, group, partitions):
    """The committed offsets of both groups, by an independent client that joins neither."""
    found = {}
    for role in ("ingest", "rollup"):
        consumer = Consumer({"bootstrap.servers": broker.servers, "group.id": f"{group}-{role}", "log_level": 3})
        asked = [TopicPartition(topic, partition) for topic, count in partitions.items() for partition in range(count)
                 if (topic == "livetally.partials") == (role == "rollup")]
        found |= {(one.topic, one.partition): one.offset for one in consumer.committed(asked, 10) if one.offset >= 0}
        consumer.close()
    return found


def is_there(broker, *topics):
    return bool(broker.admin().list_topics(timeout=10).topics.keys() & set(topics))


def everything(broker):
    """How many records there are on each topic that is not internal."""
    with Reader(broker, *broker.partitions, *OUTPUTS) as reader:
        reader.read_on()
        return {topic: sum(len(log) for (one, _), log in reader.logs.items() if one == topic)
                for topic in (*broker.partitions, *OUTPUTS)}
