"""The exact replay is the live loop: caps, breaker and repeats as each prediction meets them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from oracle.replaying import replayed
from simulating import ON, some_history

from watchfloor.core.decision.columns import OUTCOMES, EvidenceColumns
from watchfloor.core.decision.policy import Evidence, Outcome, Reason
from watchfloor.core.decision.simulation.replay import Limits, Stream, replay
from watchfloor.core.decision.simulation.what_if import what_if
from watchfloor.core.errors import InvalidInput

START = datetime(2026, 3, 2, tzinfo=UTC)
SURE = Evidence(
    score=0.8,
    now=START,
    width=0.1,
    certified_from=0.7,
    ticket_eps=0.1,
    ticket_delta=0.1,
    calibration_n=1_000,
    calibration_n_positive=60,
    calibrated_at=START - timedelta(days=1),
)


def row(minute, *, thing=0, site=0, closes=None, confirmed=True, score=0.8):
    now = START + timedelta(minutes=minute)
    return {
        "evidence": replace(SURE, now=now, score=score),
        "thing": thing,
        "site": site,
        "occurred_at": now - timedelta(minutes=3),
        "local_day": (now + timedelta(hours=1)).toordinal(),
        "closes_at": None if closes is None else START + timedelta(minutes=closes),
        "confirmed": confirmed,
    }


def moments(values):
    naive = [np.datetime64("NaT") if v is None else v.replace(tzinfo=None) for v in values]
    return np.array(naive, dtype="datetime64[us]")


def stream_of(rows):
    def column(name, kind):
        return np.array([each[name] for each in rows], dtype=kind)

    return Stream(
        evidence=EvidenceColumns.of([each["evidence"] for each in rows]),
        thing=column("thing", np.int64),
        site=column("site", np.int64),
        occurred_at=moments([each["occurred_at"] for each in rows]),
        local_day=column("local_day", np.int64),
        closes_at=moments([each["closes_at"] for each in rows]),
        confirmed=column("confirmed", np.bool_),
    )


def reasons(rows, **limits):
    found = replay(stream_of(rows), ON, Limits(**limits))
    return [found.decision(k).reason for k in range(len(rows))]


def fuzzed_rows(rng, n):
    minutes = np.cumsum(rng.exponential(7.0, n)).tolist()
    return [
        row(
            minute,
            thing=int(rng.integers(0, 12)),
            site=int(rng.integers(-1, 3)),
            closes=minute + float(rng.exponential(300)) if rng.random() < 0.8 else None,
            confirmed=bool(rng.random() < 0.5),
            score=float(rng.choice([0.3, 0.65, 0.75, 0.9])),
        )
        for minute in minutes
    ]


class TestReplay:
    @pytest.mark.parametrize("seed", range(6))
    def test_equals_a_loop_that_decides_each_row_alone(self, seed):
        rng = np.random.default_rng(seed)
        rows = fuzzed_rows(rng, 300)
        limits = Limits(
            dedup_hours=float(rng.choice([1, 6, 24])),
            ticket_cap=int(rng.integers(3, 12)),
            site_ticket_cap=int(rng.integers(1, 4)),
            breaker_cap=int(rng.integers(2, 5)),
        )

        found = replay(stream_of(rows), ON, limits)

        expected = replayed(rows, ON, limits)
        assert [found.decision(k) for k in range(len(rows))] == expected
        assert Outcome.AUTO_TICKET in {each.outcome for each in expected}

    def test_opens_one_ticket_for_one_thing_and_adds_what_repeats_it(self):
        assert reasons([row(0), row(5), row(9, thing=1)]) == [
            Reason.CERTIFIED,
            Reason.DUPLICATE,
            Reason.CERTIFIED,
        ]

    def test_lets_a_person_look_at_what_repeats_a_ticket_that_was_not_confirmed(self):
        again = reasons([row(10, closes=20, confirmed=False), row(30)])

        assert again == [Reason.CERTIFIED, Reason.DUPLICATE_OF_CLOSED]

    def test_ends_the_breaker_an_hour_after_it_opened(self):
        rows = [row(0, thing=0), row(1, thing=1), row(60, thing=2), row(61, thing=3)]

        assert reasons(rows, breaker_cap=1) == [
            Reason.CERTIFIED,
            Reason.BREAKER_OPEN,
            Reason.BREAKER_OPEN,
            Reason.CERTIFIED,
        ]

    def test_begins_the_day_anew_for_the_daily_cap(self):
        rows = [row(0, thing=0), row(90, thing=1), row(24 * 60, thing=2)]

        assert reasons(rows, ticket_cap=1) == [
            Reason.CERTIFIED,
            Reason.CAP_REACHED,
            Reason.CERTIFIED,
        ]

    def test_equals_the_what_if_where_no_cap_and_no_repeat_comes_in(self):
        history, _, scores, _, _ = some_history(np.random.default_rng(8), n=800, without=0.0)
        n = len(history.evidence)
        stream = Stream(
            evidence=history.evidence,
            thing=np.arange(n),
            site=np.full(n, -1),
            occurred_at=history.evidence.now,
            local_day=np.zeros(n, dtype=np.int64),
            closes_at=np.full(n, np.datetime64("NaT"), dtype="datetime64[us]"),
            confirmed=np.zeros(n, dtype=np.bool_),
        )
        wide = Limits(ticket_cap=10**6, site_ticket_cap=10**6, breaker_cap=10**6)

        found = replay(stream, ON, wide)

        times = history.clean + history.event + history.unknown
        simulated = what_if(history, ON)
        for outcome, tally in (
            (Outcome.AUTO_TICKET, simulated.tickets),
            (Outcome.HUMAN_REVIEW, simulated.reviews),
            (Outcome.AUTO_CLEAR, simulated.cleared),
            (Outcome.LOG_ONLY, simulated.logged),
        ):
            assert times[found.outcome == OUTCOMES.index(outcome)].sum() == tally.n
        assert len(scores) == simulated.all.n


class TestStream:
    def test_refuses_decisions_that_go_back_in_time(self):
        with pytest.raises(InvalidInput, match="the order of decisions"):
            stream_of([row(5), row(0)])
