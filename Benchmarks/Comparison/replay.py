"""`livetally replay` against DuckDB and ClickHouse (chdb): one job, one file, one run.

    python Benchmarks/Comparison/replay.py [--events N] [--rounds N] [--flink]

The job: windows of a minute that slide by ten seconds, per session: GMV, orders, refunds, views, clicks, distinct
viewers and buyers. livetally cannot leave out its other metrics and writes them as well. Each program reads the same
file of JSON lines and writes its result to a file; the rounds of the three are interleaved, each in a process of its
own; the databases may have two threads. The results are compared with each other; distinct counts are estimates in all
three. LIVETALLY is the program (default .build/release/livetally).

With --flink, Apache Flink SQL is a fourth one (FlinkJob.java; it needs a JDK of Java 17, and 350 MB for its jars in
.build/flink-2.3.0). It streams with a watermark 5 s behind and never corrects a window, so events that come later are
then left out of the file, for all programs. Its time includes the start of the JVM and of a cluster in it; a line below
the table counts only what the job itself took.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Integration"))
import environment  # noqa: E402  (it lies there)
from flink import Flink  # noqa: E402

if __name__ == "__main__":
    environment.enter("duckdb==2.0.1", "chdb==4.4.0")

CONFIGURATION = """
time: {pane: 10s}
windows:
  - {name: 1m, kind: sliding, size: 1m, slide: 10s}
groups: [[session_id]]
"""
#: Of sums, nothing may differ; of distinct counts, the mean and the largest relative difference may be so large.
MEAN_ERROR, LARGEST_ERROR = 0.03, 0.30
MINUTE, SLIDE = 60_000, 10_000

DUCKDB = """
import duckdb, sys
source, target = sys.argv[1:]
connection = duckdb.connect()
connection.execute("SET threads = 2; SET preserve_insertion_order = false")
connection.execute(f'''
COPY (
  WITH events AS (
    SELECT session_id, type, ts // 10000 AS pane, amount, viewer_id, buyer_id
    FROM read_json('{source}', format = 'newline_delimited', columns = {{
      session_id: 'VARCHAR', type: 'VARCHAR', ts: 'BIGINT', amount: 'DECIMAL(18, 2)', viewer_id: 'VARCHAR',
      buyer_id: 'VARCHAR'}})
  ),
  windows AS (SELECT *, unnest([1, 2, 3, 4, 5, 6]) + pane AS w FROM events)
  SELECT session_id, w * 10000 AS window_end,
    coalesce(sum(amount) FILTER (type = 'paid'), 0) AS gmv, count(*) FILTER (type = 'paid') AS orders,
    coalesce(sum(amount) FILTER (type = 'refunded'), 0) AS refunds, count(*) FILTER (type = 'enter') AS views,
    count(*) FILTER (type = 'click') AS clicks, approx_count_distinct(viewer_id) AS viewers,
    approx_count_distinct(buyer_id) FILTER (type = 'paid') AS buyers
  FROM windows GROUP BY ALL
) TO '{target}' (FORMAT csv, HEADER)''')
"""

CHDB = """
import chdb, sys
source, target = sys.argv[1:]
chdb.query(f'''
SELECT session_id, (pane + step) * 10000 AS window_end, sum(gmv) AS gmv, sum(orders) AS orders, sum(refunds) AS refunds,
  sum(views) AS views, sum(clicks) AS clicks, uniqMerge(viewers) AS viewers, uniqMerge(buyers) AS buyers
FROM (
  SELECT session_id, intDiv(ts, 10000) AS pane, sumIf(amount, type = 'paid') AS gmv, countIf(type = 'paid') AS orders,
    sumIf(amount, type = 'refunded') AS refunds, countIf(type = 'enter') AS views, countIf(type = 'click') AS clicks,
    uniqStateIf(viewer_id, viewer_id != '') AS viewers, uniqStateIf(buyer_id, type = 'paid') AS buyers
  FROM file('{source}', JSONEachRow, 'session_id String, type LowCardinality(String), ts Int64,
    amount Decimal(18, 2), viewer_id String, buyer_id String')
  GROUP BY session_id, pane
) ARRAY JOIN [1, 2, 3, 4, 5, 6] AS step
GROUP BY session_id, window_end
INTO OUTFILE '{target}' TRUNCATE FORMAT CSVWithNames
SETTINGS max_threads = 2, input_format_skip_unknown_fields = 1''')
"""


def measured(command, **arguments):
    """Wall seconds, CPU seconds and peak MiB of a command."""
    began = time.monotonic()
    child = subprocess.Popen(command, **arguments)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - began
    if status != 0:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def results_of_livetally(path):
    results = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line, parse_float=str)
            end = time_of(record["window_end"])
            results[record["key"]["session_id"], end] = (
                cents(record["gmv"]), int(record["orders"]), cents(record["refunds"]), int(record["views"]),
                int(record["clicks"]), int(record["viewers"]), int(record["buyers"]))
    return results


def time_of(text):
    import datetime
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def cents(text):
    whole, _, fraction = str(text).partition(".")
    return int(whole) * 100 + int((fraction + "00")[:2])


def results_of_csv(path):
    results = {}
    with open(path, encoding="utf-8") as file:
        next(file)
        for line in file:
            session, end, gmv, orders, refunds, views, clicks, viewers, buyers = line.rstrip().replace('"', "").split(",")
            results[session, int(end)] = (cents(gmv), int(orders), cents(refunds), int(views), int(clicks),
                                          int(viewers), int(buyers))
    return results


def compare(name, ours, theirs):
    """Prints how the results differ; returns whether they agree. A window without an event is in neither's interest."""
    ours = {key: value for key, value in ours.items() if any(value) or key in theirs}
    missing = len(ours.keys() ^ theirs.keys())
    different = sum(ours[key][:5] != theirs[key][:5] for key in ours.keys() & theirs.keys())
    errors = [abs(mine - other) / max(mine, other) for key in ours.keys() & theirs.keys()
              for mine, other in zip(ours[key][5:], theirs[key][5:]) if mine or other]
    # A difference of one in a small count is large in relation, and no error of an estimate.
    worst = max((abs(mine - other) / max(mine, other) for key in ours.keys() & theirs.keys()
                 for mine, other in zip(ours[key][5:], theirs[key][5:]) if max(mine, other) >= 20), default=0)
    agrees = not missing and not different and statistics.fmean(errors) <= MEAN_ERROR and worst <= LARGEST_ERROR
    print(f"{'ok  ' if agrees else 'FAIL'} {name}: {len(ours)} windows, {missing} in one only, {different} with other sums;"
          f" distinct counts differ by {statistics.fmean(errors):.2%} in the mean, at most {worst:.1%} (of 20 and more)")
    return agrees


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flink", action="store_true", help="with Apache Flink SQL")
    options = parser.parse_args()
    program = os.environ.get("LIVETALLY") or str(ROOT / ".build/release/livetally")
    with tempfile.TemporaryDirectory(dir=ROOT / ".build", prefix="comparison-") as name:
        directory = pathlib.Path(name)
        source = directory / "events.ndjson"
        flink, flink_job_seconds = Flink(directory, source) if options.flink else None, []
        # What is rejected, and duplicates, are not part of the job.
        subprocess.run([program, "generate", "--events", str(options.events), "--output", source, "--garbage", "0",
                        "--duplicates", "0", "--too-late", "0", *(["--late", "0"] if flink else [])],
                       check=True, stderr=subprocess.DEVNULL)
        (directory / "job.yaml").write_text(CONFIGURATION)
        (directory / "run_duckdb.py").write_text(DUCKDB)
        (directory / "run_chdb.py").write_text(CHDB)
        size = source.stat().st_size / options.events
        print(f"{options.events} events of {size:.0f} bytes, {options.rounds} rounds, {os.cpu_count()} cores")
        commands = {
            "livetally": [program, "replay", "--config", directory / "job.yaml", "--output", directory / "livetally.out",
                          source],
            "livetally, default configuration": [program, "replay", "--output", directory / "default.out", source],
            "duckdb": [sys.executable, directory / "run_duckdb.py", source, directory / "duckdb.out"],
            "chdb": [sys.executable, directory / "run_chdb.py", source, directory / "chdb.out"],
        }
        if flink:
            commands["flink"] = flink.command
        runs = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                runs[name].append(measured(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                if name == "flink":
                    flink_job_seconds.append(flink.collect())
        median = {name: [statistics.median(column) for column in zip(*all_of_it)] for name, all_of_it in runs.items()}
        for name, (seconds, cpu, memory) in median.items():
            print(f"{name:34} {options.events / seconds / 1e6:6.2f} M events/s {cpu / options.events * 1e6:6.2f} CPU s per"
                  f" million {memory:7.0f} MiB  {seconds / median['livetally'][0]:5.2f} x the time of livetally")
        if flink:
            seconds = statistics.median(flink_job_seconds)
            print(f"{'flink, without its start':34} {options.events / seconds / 1e6:6.2f} M events/s"
                  f" {'':40}{seconds / median['livetally'][0]:5.2f} x the time of livetally")
        ours = results_of_livetally(directory / "livetally.out")
        agree = [compare(name, ours, results_of_csv(directory / f"{name}.out"))
                 for name in ("duckdb", "chdb", "flink") if name in commands]
    sys.exit(0 if all(agree) else 1)


if __name__ == "__main__":
    main()
