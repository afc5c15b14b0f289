"""
Start the demo as a newcomer would, sign in with what it printed, and watch a page live.

    python -m tools.smoke [--seconds 60] [--shots FOLDER]
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The figure of the promise is 60 s on an idle machine; a busy one may take longer to load.
LIVE_WITHIN_S = 240.0


class Demo:
    """`make run` in a process group of its own, with what it printed."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "WATCHFLOOR_HOME": str(home)}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            ["make", "run"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, pattern: str, *, within_s: float) -> re.Match[str]:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for line in list(self.lines):
                if found := re.search(pattern, line):
                    return found
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        raise SystemExit(f"smoke: no {pattern!r} in\n" + "\n".join(self.lines[-40:]))

    def stop(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise SystemExit("smoke: the demo did not stop on Ctrl-C") from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="How long to watch.")
    parser.add_argument("--shots", type=Path, help="Folder for screenshots.")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("smoke: chromium is not installed")
    with tempfile.TemporaryDirectory() as home:
        began = time.monotonic()
        demo = Demo(Path(home))
        try:
            person = demo.wait_for(r"Sign in as\s+(\S+)", within_s=600).group(1)
            password = demo.wait_for(r"Password\s+(\S+)", within_s=10).group(1)
            url = demo.wait_for(r"Watchfloor is at\s+(\S+)", within_s=60).group(1)
            demo.wait_for(r"demo\.live", within_s=LIVE_WITHIN_S)
            print(f"live after {time.monotonic() - began:.0f} s at {url}")
            with sync_playwright() as browsers:
                browser = browsers.chromium.launch(executable_path=chromium, args=FLAGS)
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                watch(page, url, person, password, options)
                browser.close()
        finally:
            code = demo.stop()
        print(f"stopped with {code}")
        errors = [line for line in demo.lines if "[error" in line or "Traceback" in line]
        if errors:
            raise SystemExit("smoke: errors were logged\n" + "\n".join(errors[:20]))


def watch(page: Page, url: str, person: str, password: str, options: argparse.Namespace) -> None:
    """Sign in, and see the wall change by itself."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url)
    page.fill("input[name=username]", person)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("[data-stream]", timeout=20_000)
    first = page.inner_text("[data-stream]")
    until = time.monotonic() + max(options.seconds, 5.0)
    while time.monotonic() < until and page.inner_text("[data-stream]") == first:
        page.wait_for_timeout(500)
    if page.inner_text("[data-stream]") == first:
        raise SystemExit("smoke: the stream on the wall did not move")
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=options.shots / "wall.png", full_page=True)
    if problems:
        raise SystemExit("smoke: the page reported " + "; ".join(problems))
    print("the wall moved by itself")


if __name__ == "__main__":
    sys.exit(main())
