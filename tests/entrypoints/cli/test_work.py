"""`watchfloor work`: a process that does what is due once."""

import os
import signal

import pytest

from watchfloor.entrypoints import due_work
from watchfloor.entrypoints.cli.work import do_due_work
from watchfloor.ledger import due
from watchfloor.ledger.models import DueRow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signals():
    """What this process does about a signal is the same after the test."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_hands_the_work_back_that_it_holds_when_it_is_told_to_stop(tenant, now, monkeypatch):
    due.plan(tenant=tenant, kind="long", dedupe_key="long", due_at=now)
    monkeypatch.setattr(
        due_work, "HANDLERS", {"long": lambda *_: os.kill(os.getpid(), signal.SIGTERM)}
    )

    with pytest.raises(SystemExit):
        do_due_work(kinds=frozenset({"long"}))

    row = DueRow.objects.get()
    assert (row.state, row.attempts) == ("waiting", 0)
