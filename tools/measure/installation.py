"""`watchfloor up` in a process group and data directory of its own, with what it printed."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.measure.page import ROOT

READY_WITHIN_S = 180.0


class Installation:
    """A started Watchfloor; every setting but its home and free ports is the default."""

    def __init__(self, home: Path, *arguments: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WATCHFLOOR_")}
        own = {
            "WATCHFLOOR_HOME": str(home),
            "WATCHFLOOR_WEB_PORT": "0",
            "WATCHFLOOR_MQTT_PORT": "0",
            "PYTHONPATH": str(ROOT / "src"),
        }
        self.lines: list[str] = []
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "watchfloor", "up", *arguments],
            cwd=home,
            env=kept | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began_s

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def find(self, pattern: str) -> str | None:
        """Return what the first printed line says where the pattern has its group."""
        found = (re.search(pattern, line) for line in list(self.lines))
        return next((match.group(1) for match in found if match), None)

    def wait_ready(self) -> float:
        """
        Return after how many seconds the web server called itself ready.

        Raises:
            RuntimeError: it ended, or is not ready in time; with the last lines it printed.
        """
        while self.seconds < READY_WITHIN_S and self.process.poll() is None:
            url = self.find(r"Watchfloor is at\s+(\S+)")
            if url and _answers(url + "readyz"):
                return self.seconds
            time.sleep(0.1)
        raise RuntimeError("not ready:\n" + "\n".join(self.lines[-20:]))

    def stop(self) -> None:
        """Interrupt it as Ctrl-C does, and insist after half a minute."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(30.0)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def installation(home: Path, *arguments: str) -> Iterator[Installation]:
    """Start one, and stop it whatever happens."""
    home.mkdir(parents=True, exist_ok=True)
    started = Installation(home, *arguments)
    try:
        yield started
    finally:
        started.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2.0) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
