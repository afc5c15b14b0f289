"""A replay carries a stream once, by its own clock, and leaves the same however it was cut."""

import json
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from entrypoints.cli.replay.orders import (
    N_BROKEN,
    N_EVENTS,
    N_REPEATED,
    N_UNLABELLED,
    TURNS_ON_DAY,
)
from standing import standing

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints.cli.replay import driver, stream
from watchfloor.entrypoints.cli.replay.direct import DirectDoor
from watchfloor.entrypoints.cli.replay.driver import Pace, Replay
from watchfloor.entrypoints.cli.replay.report import broken_identities, report_on
from watchfloor.entrypoints.cli.replay.summary import summary_of
from watchfloor.entrypoints.cli.replay.tenancy import prepare_tenant, tenant_code
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import AuditEntry, DueRow
from watchfloor.ml.models import OutcomeRecord, PredictionLog
from watchfloor.noc.models import DeadLetter

pytestmark = pytest.mark.django_db

RUN_ALONE = ("this_run", "wall_seconds", "events_per_second")


def replay(dataset, *, pace=None):
    """Replay directly and return the report."""
    tenant = prepare_tenant(
        dataset, code=tenant_code(dataset.about.name), now=dataset.about.first_model_at
    )
    door = DirectDoor(tenant=tenant, model_type=dataset.about.model_type)
    run = Replay(dataset=dataset, tenant=tenant, door=door, pace=pace or Pace())
    return report_on(
        dataset=dataset, tenant=tenant, passed=run.run(), through="direct", wall_seconds=1.0
    )


def lasting(report):
    """Return what a report says of the database, as a file would hold it."""
    return json.loads(json.dumps({k: v for k, v in report.items() if k not in RUN_ALONE}))


class Told(NamedTuple):
    """What one replay said, what of it is in the database, and its log of predictions."""

    report: dict
    lasting: dict
    log: list


def log():
    return list(
        PredictionLog.objects.order_by("id").values_list(
            "event_id", "score", "model_version", "calibration_hash", "decision", "reason"
        )
    )


@pytest.fixture(scope="class")
def told(standing_orders, django_db_setup, django_db_blocker) -> Iterator[Told]:
    """The orders, replayed once; the tests of a class read it, and what they write is undone."""
    with standing(django_db_blocker):
        report = replay(standing_orders)
        yield Told(report, lasting(report), log())


@pytest.fixture(scope="module")
def whole(standing_orders, django_db_setup, django_db_blocker) -> Told:
    """What an undisturbed run leaves, as values: the database is as before."""
    with standing(django_db_blocker):
        report = replay(standing_orders)
        return Told(report, lasting(report), log())


class TestReplay:
    def test_tells_the_whole_story_of_a_world_that_turns(self, told):
        report = told.report

        assert broken_identities(report) == []
        assert report["events"] == {
            "received": N_EVENTS + N_REPEATED + N_BROKEN,
            "stored": N_EVENTS,
            "duplicate": N_REPEATED,
            "dead": N_BROKEN,
        }
        assert report["outcomes"]["joined"] == N_EVENTS - N_UNLABELLED
        assert report["outcomes"]["still_open"] == N_UNLABELLED
        assert 20.0 <= report["outcomes"]["label_delay_h"]["p50"] <= 24.0
        assert DeadLetter.objects.count() == N_BROKEN
        # Day 26 is 29 March; labels of a day come on the next.
        [alert, *_] = [a for a in report["drift"]["alerts"] if a["kind"] == "performance"]
        assert alert["date"][:7] == "2025-03"
        assert alert["date"] >= "2025-03-30"
        promoted = report["promotions"][0]
        assert promoted["replaced"] == report["first_model"]["version"]
        assert promoted["watch"] == "confirmed"
        assert report["reviews"]["by_disposition"]["true_positive"] > 50
        acted_on = sum(each["automatic"]["predictions"] for each in report["certificates"])
        assert acted_on == sum(
            report["decisions"]["by_outcome"].get(outcome, 0)
            for outcome in ("auto_ticket", "suppressed_duplicate")
        )

    def test_what_serves_beats_the_frozen_model_after_the_turn(self, told):
        weeks = {week["week"]: week for week in told.report["weeks"]}

        before, after = weeks["2025-03-24"], weeks["2025-04-07"]
        assert before["brier"] == before["frozen_brier"]
        assert after["brier"] < 0.1 < 0.5 < after["frozen_brier"]
        assert TURNS_ON_DAY == 26

    def test_a_second_run_changes_nothing(self, orders, told):
        deeds, planned = AuditEntry.objects.count(), list(DueRow.objects.values())
        letters = list(DeadLetter.objects.values())

        second = replay(orders)

        assert lasting(second) == told.lasting
        assert second["this_run"]["events"]["stored"] == 0
        assert second["this_run"]["outcomes"]["recorded"] == 0
        assert second["this_run"]["due_work"] == 0
        assert log() == told.log
        assert AuditEntry.objects.count() == deeds
        assert list(DueRow.objects.values()) == planned
        assert list(DeadLetter.objects.values()) == letters

    def test_tells_no_outcome_before_it_was_known(self, told):
        times = OutcomeRecord.objects.values_list("known_at", "recorded_at", "occurred_at")
        assert all(occurred <= known <= recorded for known, recorded, occurred in times)
        assert all(recorded - known < timedelta(days=1) for known, recorded, _ in times)

    def test_a_sweep_by_the_installations_clock_leaves_a_replayed_tenant_alone(self, told, now):
        lease = Lease(worker="sweep", real_now=now)
        kinds = {row.kind for row in DueRow.objects.all()}

        assert due.claim_next(now=now, lease=lease, kinds=kinds) is None
        assert due.next_due_at(kinds=kinds) is None

    def test_a_pace_waits_for_the_stream(self, orders, told, monkeypatch):
        slept = []
        # The work between the waits takes no time: only the stream's own is to be seen.
        still = SimpleNamespace(sleep=slept.append, monotonic=lambda: 0.0)
        monkeypatch.setattr(driver, "time", still)

        replay(orders, pace=Pace(speed=86_400.0))

        # 40 days at a day a second: the last orders are closed on the next morning.
        assert 39.5 < max(slept) < 41

    def test_the_summary_tells_the_same_in_words(self, told):
        said = summary_of(told.report)

        assert f"{N_EVENTS:,} stored, {N_REPEATED} duplicate, {N_BROKEN} dead" in said
        assert "drift       2025-0" in said
        assert told.report["first_model"]["version"] in said
        assert max(map(len, said.splitlines())) <= 200


class TestHowItIsCut:
    def test_the_size_of_a_batch_changes_nothing(self, orders, whole, monkeypatch):
        monkeypatch.setattr(stream, "MOST_IN_A_BATCH", 7)

        assert lasting(replay(orders)) == whole.lasting
        assert log() == whole.log

    def test_goes_on_where_an_earlier_run_ended_in_the_middle(self, orders, whole):
        with pytest.raises(_Cut):
            _cut_after(orders, n_batches=60)

        assert 0 < PredictionLog.objects.count() < N_EVENTS
        assert lasting(replay(orders)) == whole.lasting
        assert log() == whole.log

    def test_stops_where_its_work_is_held_elsewhere(self, orders, monkeypatch):
        monkeypatch.setattr(due, "claim_next", lambda **_: None)

        with pytest.raises(NotReady, match="held elsewhere"):
            replay(orders)


class _Cut(Exception):
    """The run ends here, without a word to anybody."""


def _cut_after(dataset, *, n_batches: int) -> None:
    tenant = prepare_tenant(
        dataset, code=tenant_code(dataset.about.name), now=dataset.about.first_model_at
    )
    left = n_batches

    def progress(_n, _at):
        nonlocal left
        left -= 1
        if not left:
            raise _Cut

    door = DirectDoor(tenant=tenant, model_type=dataset.about.model_type)
    Replay(dataset=dataset, tenant=tenant, door=door, pace=Pace(), progress=progress).run()
