"""The dashboard in a headless browser: what a reader sees, and what the browser says about it."""

import os
import re
import shutil
import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import sync_playwright

from outcome import Failed
from program import require, wait_for

#: Contrast, names, roles, labels: WCAG 2.1 to level AA, and what else its authors advise.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
         "resultTypes": ["violations"]}
#: Notes when the large number first has a digit, counted from the beginning of the navigation.
FIRST_FIGURE = """
  new MutationObserver((_, observer) => {
    const total = document.getElementById("total");
    if (!total || !/\\d/.test(total.textContent)) return;
    requestAnimationFrame(() => { window.firstFigure ??= performance.now(); });
    observer.disconnect();
  }).observe(document, { subtree: true, childList: true, characterData: true });
"""


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise Failed("there is no Chromium: run scripts/install-dependencies --tests")


class Browser:
    """A headless Chromium; use it in a `with` statement."""

    def __enter__(self):
        self.playwright = sync_playwright().start()
        # Chromium's sandbox does not work for root, as whom containers run tests.
        self.browser = self.playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"] if os.geteuid() == 0 else [])
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.playwright.stop()

    def open(self, port, path="/", **options):
        options = {"viewport": {"width": 1440, "height": 1100}, "locale": "en-US", "timezone_id": "UTC"} | options
        return Page(self.browser.new_context(**options), port, path)


class Page:
    """A page in a profile of its own; use it in a `with` statement."""

    def __init__(self, context, port, path):
        self.context = context
        self.origin = f"http://127.0.0.1:{port}"
        self.errors = []
        self.requests = []
        self.bytes = {}
        context.add_init_script(FIRST_FIGURE)
        self.page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfinished", self.finished)
        self.page.goto(self.origin + path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def finished(self, request):
        path = request.url.removeprefix(self.origin)
        if not path.startswith("/events"):
            sizes = request.sizes()
            self.bytes[path] = sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def wait(self, selector, what=None):
        try:
            self.page.wait_for_selector(selector)
        except PlaywrightTimeout:
            raise Failed(f"the page does not show {what or selector}: {self.text('main')[:400]}") from None

    def text(self, selector):
        """As it is rendered; empty where there is no such thing."""
        found = self.page.query_selector(selector)
        return found.inner_text().strip() if found else ""

    def total(self):
        """The large number: its value, and what the reader sees once it has stopped counting up."""
        self.wait("#total[data-value]")
        value = float(self.page.get_attribute("#total", "data-value"))
        return value, self.text("#total")

    def status(self):
        return self.text("#status-text")

    def time(self):
        """Up to when the figures are."""
        return self.page.get_attribute("#clock", "datetime")

    def tile(self, title):
        """A figure of the chosen window by its title."""
        found = self.page.locator("#tiles div", has=self.page.locator(f"dt:text-is('{title}')")).locator("dd")
        return found.first.inner_text()

    def rows(self, field):
        """The names in a table, from the top."""
        return self.page.locator(f"[data-field='{field}'] tbody .name").all_inner_texts()

    def follow(self, selector):
        self.page.click(selector)

    def query(self):
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")

    def first_figure(self):
        wait_for(lambda: self.page.evaluate("window.firstFigure ?? null") is not None, 10, "the page shows no GMV")
        return self.page.evaluate("window.firstFigure") / 1000

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    def violations(self):
        found = Axe().run(self.page, options=RULES).response["violations"]
        return [f"{one['id']}: " + "; ".join(f"{node['target']} {node['failureSummary'][-160:]!r}"
                                             for node in one["nodes"][:3]) for one in found]

    def focused(self):
        """What has the focus, and whether one can see that it has."""
        return self.page.evaluate("""() => {
          const node = document.activeElement;
          const style = getComputedStyle(node);
          const name = node.getAttribute("aria-label") || node.textContent.trim().slice(0, 30) || node.id;
          return [`${node.tagName} ${name}`, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
        }""")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text):
        self.page.keyboard.type(text)

    def require_sound(self):
        outside = [url for url in self.requests if not url.startswith(self.origin + "/")]
        require(not outside, f"the page asks others: {outside}")
        require(not self.errors, f"the page has errors: {self.errors}")


def number(text):
    """The amount in a text of the locale en-US."""
    digits = re.sub(r"[^\d.-]", "", text)
    return float(digits) if digits else None


def settled(read, seconds=5):
    """What a figure shows when it has stopped counting up."""
    deadline = time.monotonic() + seconds
    last = read()
    while time.monotonic() < deadline:
        time.sleep(0.8)
        now = read()
        if now == last:
            return now
        last = now
    return last
