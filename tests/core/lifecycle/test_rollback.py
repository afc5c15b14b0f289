"""A worse model is found in pairs, an equal one is kept, and silence confirms nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.errors import ArtifactCorrupt, InvalidInput
from watchfloor.core.lifecycle.rollback import PairedWatch, WatchVerdict, observe, verdict

LOSSES = st.floats(0, 1)


def run(n, *, worse, seed, discordance=0.028):
    """Watch n pairs that disagree on a share; the new model errs `worse` more often."""
    rng = np.random.default_rng(seed)
    share = max(discordance, worse)
    up = (share + worse) / 2
    watch = PairedWatch()
    for draw in rng.random(n):
        new, old = (1.0, 0.0) if draw < up else (0.0, 1.0) if draw < share else (0.0, 0.0)
        watch = observe(watch, new, old)
    return watch


def rolled_back(watch):
    return verdict(watch, elapsed_h=24) is WatchVerdict.ROLL_BACK


class TestTheEvidence:
    def test_is_the_mean_of_ten_bets(self):
        pairs = [(1, 0), (0, 0), (0.5, 0.25), (0, 1), (1, 0)]
        watch = PairedWatch()
        for new, old in pairs:
            watch = observe(watch, new, old)

        m = 0.505
        stakes = np.geomspace(0.02, 0.95 / m, 10)
        naive = np.ones(10)
        for new, old in pairs:
            naive *= 1 + stakes * ((new - old + 1) / 2 - m)
        assert watch.evidence == pytest.approx(naive.mean(), rel=1e-12)
        assert watch.difference == pytest.approx(1.25 / 5)
        assert watch.n == 5

    def test_keeps_an_equal_model(self):
        wrong = [rolled_back(run(900, worse=0.0, seed=seed)) for seed in range(150)]

        # At most 1 % by construction: 1.5 expected of 150, 7 in one run of a thousand.
        assert sum(wrong) <= 6

    @pytest.mark.parametrize(("worse", "share"), [(0.05, 0.75), (0.10, 0.97)])
    def test_finds_a_worse_model_within_a_day(self, worse, share):
        found = [rolled_back(run(900, worse=worse, seed=seed)) for seed in range(40)]

        # Measured .81 and .95 on clustered days; pairs drawn independently are easier.
        assert np.mean(found) >= share

    @given(pairs=st.lists(st.tuples(LOSSES, LOSSES), max_size=60))
    def test_is_finite_and_never_negative(self, pairs):
        watch = PairedWatch()
        for new, old in pairs:
            watch = observe(watch, new, old)

        assert all(0 <= wealth < math.inf for wealth in watch.wealth)
        assert watch.highest >= watch.evidence

    @pytest.mark.parametrize(("new", "old"), [(math.nan, 0), (0, math.nan), (1.1, 0), (0, -0.1)])
    def test_refuses_what_is_no_loss(self, new, old):
        with pytest.raises(InvalidInput, match="error_"):
            observe(PairedWatch(), new, old)


FRESH = PairedWatch()
ENOUGH = PairedWatch(n=300)
GUILTY = PairedWatch(n=40, highest=100.0)


@pytest.mark.parametrize(
    ("watch", "elapsed_h", "expected"),
    [
        (FRESH, 0, WatchVerdict.WATCHING),
        (ENOUGH, 23.9, WatchVerdict.WATCHING),
        (ENOUGH, 24, WatchVerdict.CONFIRMED),
        (FRESH, 24, WatchVerdict.WATCHING),
        (PairedWatch(n=299), 167, WatchVerdict.WATCHING),
        (PairedWatch(n=299), 168, WatchVerdict.INCONCLUSIVE),
        (GUILTY, 1, WatchVerdict.ROLL_BACK),
        (GUILTY, 500, WatchVerdict.ROLL_BACK),
    ],
    ids=[
        *("begun", "too early", "a day and enough", "a day and silence", "waiting"),
        *("a week and too few", "worse at once", "worse once, long ago"),
    ],
)
def test_verdict(watch, elapsed_h, expected):
    assert verdict(watch, elapsed_h=elapsed_h) is expected


def test_a_watch_may_be_made_longer_than_a_week():
    assert verdict(FRESH, elapsed_h=200, min_hours=300) is WatchVerdict.WATCHING
    assert verdict(FRESH, elapsed_h=300, min_hours=300) is WatchVerdict.INCONCLUSIVE


class TestTheState:
    @given(pairs=st.lists(st.tuples(LOSSES, LOSSES), max_size=30), cut=st.integers(0, 30))
    def test_resumes_to_the_last_bit(self, pairs, cut):
        whole = resumed = PairedWatch(margin=0.02, threshold=50.0)
        for index, (new, old) in enumerate(pairs):
            if index == cut:
                resumed = PairedWatch.from_bytes(resumed.to_bytes())
            whole, resumed = observe(whole, new, old), observe(resumed, new, old)

        assert PairedWatch.from_bytes(whole.to_bytes()) == whole
        assert resumed.to_bytes() == whole.to_bytes()

    @pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"format":"watchfloor-monitor-1"}'])
    def test_refuses_bytes_that_are_not_its_own(self, data):
        with pytest.raises(ArtifactCorrupt):
            PairedWatch.from_bytes(data)
