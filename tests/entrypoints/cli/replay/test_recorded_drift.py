"""What the checks say of two recorded streams whose changes are known."""

import hashlib
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tools.measure.drift import moves, recorded
from watchfloor.core.drift.performance import baseline_of, observe, start
from watchfloor.core.drift.prior_shift import explain_rise
from watchfloor.core.drift.severity import Severity
from watchfloor.entrypoints.cli.replay.elec2 import FEATURES as MARKET_FEATURES
from watchfloor.entrypoints.cli.replay.elec2 import Elec2
from watchfloor.entrypoints.cli.replay.itsm_incidents import (
    FEATURES,
    FIRST_MODEL_AT,
    ItsmIncidents,
)
from watchfloor.ml.versions.artifacts import from_bytes
from watchfloor.ml.versions.trainers import TrainingRows, train

pytestmark = pytest.mark.slow
OPENED = date(1997, 5, 4)
VICTORIA = {"vicprice", "vicdemand", "transfer"}
THRESHOLD = 0.6


@pytest.fixture(scope="module")
def market(data_dir):
    """What is named on each night from the autumn of 1996 to a fortnight after the opening."""
    by_day = defaultdict(list)
    for event in Elec2(data_dir).events():
        day = event.occurred_at.date()
        if day <= OPENED + timedelta(days=14):
            by_day[day].append(event.features)
    days = recorded.cut(by_day, MARKET_FEATURES)
    first = min(by_day)
    named = moves.named_by_night(days, rng=np.random.default_rng(1997))
    return {
        first + timedelta(days=moves.NEEDED - 1 + night): found for night, found in enumerate(named)
    }


class TestTheMarketThatWasOpenedToVictoria:
    def test_names_exactly_the_three_new_columns_within_six_nights(self, market):
        nights = [market[OPENED + timedelta(days=k)] for k in range(6)]

        medium = [{n for n, s in found.items() if s >= Severity.MEDIUM} for found in nights]
        assert medium[-1] == VICTORIA
        assert all(found <= VICTORIA for found in medium)
        # No score moved with them and no more errors are expected of columns that were
        # constant when the model was trained: a move alone is never HIGH.
        assert {nights[-1][name] for name in VICTORIA} == {Severity.MEDIUM}

    def test_had_trends_before_that_stayed_medium_at_most_and_were_few_episodes(self, market):
        before = [found for day, found in sorted(market.items()) if day < OPENED]

        alarmed = [bool(found) for found in before]
        episodes = sum(
            now and not was for was, now in zip([False, *alarmed], alarmed, strict=False)
        )
        assert max(max(found.values()) for found in before if found) <= Severity.MEDIUM
        assert not any(VICTORIA & set(found) for found in before)
        # Demand follows the seasons: 148 of 300 nights, in ten episodes.
        assert 100 <= sum(alarmed) <= 200
        assert episodes <= 12


@pytest.fixture(scope="module")
def desk(data_dir):
    """Tickets in order of their labels, with the scores of the model of 28 March 2016."""
    stream = ItsmIncidents(data_dir)
    told = {outcome.event_id: outcome for outcome in stream.outcomes()}
    events = [(event, told[event.event_id]) for event in stream.events()]
    past = [
        (event, known)
        for event, known in events
        if event.occurred_at < FIRST_MODEL_AT and known.known_at <= FIRST_MODEL_AT
    ]
    held, taught = past[::4], [one for k, one in enumerate(past) if k % 4]
    content = train(
        TrainingRows(
            features=[event.features for event, _ in taught],
            labels=np.array([known.value for _, known in taught]),
            weights=np.ones(len(taught)),
        ),
        feature_names=FEATURES,
        seed=7,
    )
    artifact = from_bytes(content, sha256=hashlib.sha256(content).hexdigest())
    later = sorted(
        (one for one in events if one[0].occurred_at >= FIRST_MODEL_AT),
        key=lambda one: (one[1].known_at, one[1].event_id),
    )
    scores = artifact.score([event.features for event, _ in later])
    held_scores = artifact.score([event.features for event, _ in held])
    share = np.mean([known.value for _, known in past])
    return later, scores, held, held_scores, float(share)


@pytest.fixture(scope="module")
def alarms(desk):
    """Every alarm until May, each label fed when it became known."""
    later, scores, held, held_scores, _ = desk
    values = np.array([known.value for _, known in held])
    baseline = baseline_of(
        ((held_scores >= THRESHOLD) != values).astype(float),
        [event.occurred_at.toordinal() for event, _ in held],
        share=0.25,
    )
    monitor = start(baseline, labels_per_day=baseline.labels_per_day / 0.25)
    found = []
    for (_, known), score in zip(later, scores, strict=True):
        if known.known_at >= datetime(2016, 5, 1, tzinfo=UTC):
            break
        wrong = float((score >= THRESHOLD) != known.value)
        monitor, alarm = observe(monitor, wrong, known.known_at, day=known.known_at.date())
        if alarm is not None:
            found.append(alarm)
    return baseline, found


class TestTheDeskOfApril2016:
    def test_has_a_high_alarm_from_the_fourth_on(self, alarms):
        _, found = alarms

        dated = [a for a in found if date(2016, 4, 4) <= a.at.date() <= date(2016, 4, 30)]
        assert any(alarm.severity >= Severity.HIGH for alarm in dated)
        assert all(alarm.changed_at <= alarm.at for alarm in dated)

    @pytest.mark.parametrize("day", [4, 10, 20, 30])
    def test_is_a_prior_shift_by_the_labels_known_on_each_night(self, desk, alarms, day):
        later, scores, _, _, share = desk
        baseline, _ = alarms
        night = datetime(2016, 4, day, 4, tzinfo=UTC)
        known = [k for k, (_, outcome) in enumerate(later) if outcome.known_at <= night]

        shift = explain_rise(
            scores[known],
            np.array([later[k][1].value for k in known]),
            threshold=THRESHOLD,
            share_before=share,
            base_error=baseline.mu0,
        )

        assert shift.is_prior_shift
        assert shift.since < 0.5 * shift.before
