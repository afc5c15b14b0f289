"""Do due work in a process of its own; a supervisor starts it for what is heavy."""

import os
import signal
import socket
import sys
from typing import NoReturn

from watchfloor.entrypoints import clock, due_work
from watchfloor.ledger.due import Lease


def do_due_work(*, kinds: frozenset[str]) -> int:
    """Do every due row of these kinds once; return how many. A signal to stop hands a row back."""
    signal.signal(signal.SIGTERM, _stop)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    n = 0
    while due_work.run_next(
        now=clock.now(), lease=Lease(worker=worker, real_now=clock.real_now()), kinds=kinds
    ):
        n += 1
    return n


def _stop(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)
