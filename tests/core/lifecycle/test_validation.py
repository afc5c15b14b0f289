"""A challenger passes when it is shown not worse, and is never passed for lack of evidence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.errors import InvalidInput
from watchfloor.core.lifecycle.validation import (
    ModelValidator,
    ValidationReason,
    floors_of,
    paired_difference,
)
from watchfloor.core.ml_config import MLConfig


def make_pair(n, *, worse=0.0, discordance=0.028, positives=0.1, seed=0):
    """Errors of two models on n events that disagree on a share; the challenger loses `worse`."""
    rng = np.random.default_rng(seed)
    champion = (rng.random(n) < 0.1).astype(float)
    differs = rng.random(n)
    up, down = (discordance + worse) / 2, (discordance - worse) / 2
    challenger = champion.copy()
    challenger[(differs < up / 0.9) & (champion == 0)] = 1
    challenger[(differs < down / 0.1) & (champion == 1)] = 0
    outcomes = (rng.random(n) < positives).astype(float)
    return {"champion_losses": champion, "challenger_losses": challenger, "outcomes": outcomes}


def judge(pair, **thresholds):
    extra = {
        key: thresholds.pop(key) for key in ("blocks", "slices", "metrics") if key in thresholds
    }
    return ModelValidator(**thresholds).judge(**pair, **extra)


class TestAChallenger:
    def test_that_equals_the_champion_passes(self):
        verdict = judge(make_pair(3000))

        assert verdict.passed
        assert verdict.reason is ValidationReason.NOT_WORSE
        assert verdict.bound < verdict.margin == 0.02
        assert verdict.n == 3000

    @pytest.mark.parametrize(
        ("worse", "low", "high"),
        [(0.0, 0.90, 1.0), (0.02, 0.0, 0.10), (0.028, 0.0, 0.02)],
        ids=["equal", "two points worse", "nearly three worse"],
    )
    def test_is_promoted_as_often_as_the_design_says(self, worse, low, high):
        passed = [judge(make_pair(1000, worse=worse, seed=seed)).passed for seed in range(300)]

        # The design at 1,000 pairs: .96 for an equal one, .04 for two points worse. 300 runs
        # have a standard error of 0.012.
        assert low <= np.mean(passed) <= high

    def test_needs_more_than_a_lucky_hundred(self):
        assert judge(make_pair(299)).reason is ValidationReason.TOO_FEW_ROWS
        assert judge(make_pair(0)).reason is ValidationReason.TOO_FEW_ROWS

    def test_needs_events_to_be_judged_on(self):
        verdict = judge(make_pair(3000, positives=0.005))

        assert verdict.reason is ValidationReason.TOO_FEW_POSITIVES
        assert not verdict.passed

    def test_is_blocked_when_it_loses_the_events(self):
        pair = make_pair(20_000, discordance=0.0, positives=0.02)
        pair["challenger_losses"] = np.where(pair["outcomes"] == 1, 1.0, pair["champion_losses"])

        verdict = judge(pair)

        # Overall it loses 0.9 * 2 % of the rows, which the margin would forgive.
        assert verdict.bound < 0.02
        assert verdict.reason is ValidationReason.WORSE_ON_EVENTS

    def test_is_blocked_when_it_loses_a_site(self):
        pair = make_pair(6000, discordance=0.0)
        sites = np.where(np.arange(6000) < 90, "harbour", "office")
        pair["challenger_losses"] = np.where(sites == "harbour", 1.0, pair["champion_losses"])

        verdict = judge(pair, slices=sites, positive_margin=0.2)

        assert verdict.reason is ValidationReason.WORSE_ON_A_SLICE
        assert verdict.subject == "harbour"
        assert judge(pair, slices=sites, positive_margin=0.2, min_slice_n=91).passed

    def test_is_not_blocked_by_the_noise_of_many_sites(self):
        sites = np.arange(3000) % 40
        verdicts = [
            judge(make_pair(3000, discordance=0.05, seed=seed), slices=sites) for seed in range(40)
        ]

        blocked = [v.reason is ValidationReason.WORSE_ON_A_SLICE for v in verdicts]

        # 2.5 % over all sites together, and 40 runs with a standard error of 2.5 %.
        assert np.mean(blocked) <= 0.125

    @pytest.mark.parametrize(
        ("metrics", "passed"),
        [
            ({"pr_auc": 0.7}, True),
            ({"pr_auc": 0.69}, False),
            ({"pr_auc": None}, False),
            ({"pr_auc": math.nan}, False),
            ({}, False),
        ],
        ids=["reached", "below", "unknown", "not a number", "not given"],
    )
    def test_must_reach_its_floors(self, metrics, passed):
        verdict = judge(make_pair(3000), floors=(("pr_auc", 0.7),), metrics=metrics)

        assert verdict.passed is passed
        assert verdict.subject == ("" if passed else "pr_auc")

    def test_has_a_wider_interval_where_days_cluster(self):
        rng = np.random.default_rng(4)
        days = np.repeat(np.arange(40), 100)
        new = np.clip(rng.normal(0.3, 0.1, 40)[days], 0, 1)
        pair = {
            "champion_losses": np.full(4000, 0.3),
            "challenger_losses": new,
            "outcomes": days % 2,
        }

        alone, clustered = judge(pair), judge(pair, blocks=days)

        # All rows of a day are one observation: the interval is sqrt(100) times wider.
        ratio = (clustered.bound - clustered.difference) / (alone.bound - alone.difference)
        assert ratio == pytest.approx(10, rel=0.05)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"champion_losses": np.full(400, math.nan)}, "champion_losses"),
            ({"challenger_losses": np.full(400, 1.1)}, "challenger_losses"),
            ({"challenger_losses": np.zeros(399)}, "challenger_losses"),
            ({"outcomes": np.full(400, 0.5)}, "outcomes"),
        ],
    )
    def test_is_not_judged_on_what_does_not_fit(self, wrong, field):
        with pytest.raises(InvalidInput, match=field):
            judge({**make_pair(400), **wrong})

    @given(
        rows=st.lists(
            st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=60
        )
    )
    def test_never_passes_with_a_bound_at_or_above_the_margin(self, rows):
        old, new, outcomes = map(np.array, zip(*rows, strict=True))

        verdict = judge(
            {"champion_losses": old, "challenger_losses": new, "outcomes": outcomes},
            min_n=1,
            min_positives=1,
        )

        assert verdict.passed == (verdict.reason is ValidationReason.NOT_WORSE)
        assert not verdict.passed or verdict.bound < verdict.margin


class TestPairedDifference:
    def test_equals_the_t_interval_with_the_normal_quantile(self):
        loss = np.array([0.1, -0.2, 0.3, 0.0])

        found = paired_difference(loss, z=2)

        error = loss.std(ddof=1) / 2
        assert (found.low, found.high) == pytest.approx((0.05 - 2 * error, 0.05 + 2 * error))

    def test_of_blocks_of_one_is_the_plain_one(self):
        loss = np.random.default_rng(1).normal(size=50)

        assert paired_difference(loss, blocks=np.arange(50)) == paired_difference(loss)

    def test_of_a_single_block_knows_nothing(self):
        assert paired_difference(np.zeros(50), blocks=np.zeros(50)).high == math.inf


def test_floors_come_from_the_configuration():
    config = MLConfig(fraud_min_pr_auc=0.4)

    assert dict(floors_of(config, model_type="fraud_detector"))["pr_auc"] == 0.4
    assert len(floors_of(config, model_type="conflict_predictor")) == 4
    assert floors_of(config, model_type="sla_breach") == ()


def test_every_reason_has_a_sentence():
    assert all(reason.sentence.endswith(".") for reason in ValidationReason)
