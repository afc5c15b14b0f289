"""Do due work in a process of its own; a supervisor starts it for what is heavy."""

import os
import socket

from watchfloor.entrypoints import clock, due_work
from watchfloor.ledger.due import Lease


def do_due_work(*, kinds: frozenset[str]) -> int:
    """Do every due row of these kinds once; return how many."""
    worker = f"{socket.gethostname()}:{os.getpid()}"
    n = 0
    while due_work.run_next(
        now=clock.now(), lease=Lease(worker=worker, real_now=clock.real_now()), kinds=kinds
    ):
        n += 1
    return n
