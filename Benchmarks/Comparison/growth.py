"""What one event costs `livetally replay` as the input grows, and what memory it takes.

    python3 Benchmarks/Comparison/growth.py [--events 1000000,10000000,100000000]

Generated events go through a pipe, so that no disk has to hold them. Counted is the CPU time of `replay` alone: per
session, a minute that slides by ten seconds, less what it takes to start and to end (the same for a thousand events).
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = """
time: {pane: 10s}
windows:
  - {name: 1m, kind: sliding, size: 1m, slide: 10s}
groups: [[session_id]]
"""


def replay(program, configuration, events):
    """(CPU seconds, peak MiB)."""
    generator = subprocess.Popen([program, "generate", "--events", str(events), "--output", "-"],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    reader = subprocess.Popen([program, "replay", "--config", configuration, "--output", "/dev/null", "-"],
                              stdin=generator.stdout, stderr=subprocess.DEVNULL)
    generator.stdout.close()
    _, status, usage = os.wait4(reader.pid, 0)
    generator.wait()
    if status != 0:
        raise SystemExit(f"replay of {events} events ended with {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", default="1000000,10000000,100000000")
    options = parser.parse_args()
    program = os.environ.get("LIVETALLY") or str(ROOT / ".build/release/livetally")
    with tempfile.TemporaryDirectory() as directory:
        configuration = pathlib.Path(directory) / "job.yaml"
        configuration.write_text(JOB)
        fixed, _ = replay(program, configuration, 1000)
        first = None
        for events in map(int, options.events.split(",")):
            seconds, mib = replay(program, configuration, events)
            cost = (seconds - fixed) / events * 1e6
            first = first or cost
            print(f"{events:>11} events: {cost:.3f} CPU s per million ({cost / first:.2f} of the first), {mib:.0f} MiB",
                  flush=True)


if __name__ == "__main__":
    main()
