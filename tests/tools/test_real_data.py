"""The draws behind the page of real data, on pools so small that one can count along."""

import numpy as np
import pytest

from tools.measure import conformal_on_real_data as page_maker
from tools.measure.page import text_of
from tools.measure.real_data import event_sections, number_sections
from tools.measure.real_data.engines import split_engines
from tools.measure.real_data.event_sections import Draws
from tools.measure.real_data.numbers import Estimates
from tools.measure.real_data.pools import NumberStream, Pool, read_pools
from tools.measure.real_data.promises import clear_promise, ticket_promise
from tools.measure.real_data.selection import selected_batches, two_sided
from tools.measure.real_data.splits import SplitCheck, p_values
from watchfloor.core.errors import NotFound

FEW = Draws(splits=2, certificates=2, batches=2, shifts=2)


def pool(n=2_400, *, name="campaign__lgbm"):
    """Scores that are the rates of their events."""
    rng = np.random.default_rng(20260302)
    scores = rng.integers(0, 101, size=n) / 100
    return Pool(name, scores, (rng.random(n) < scores).astype(np.int64))


def numbers(n=1_600, groups=None):
    rng = np.random.default_rng(20260302)
    sigma, estimate = rng.uniform(1, 5, n), rng.uniform(10, 50, n)
    return Estimates("desk", "h", estimate + sigma * rng.normal(size=n), estimate, sigma, groups)


class TestPromises:
    def test_tickets_above_a_sure_threshold_are_never_false(self):
        sure = Pool("sure", np.repeat([0.9, 0.1], 200), np.repeat([1, 0], 200))

        kept = ticket_promise(sure, eps=0.1, draws=5, rng=np.random.default_rng(1))

        assert (kept.broken, kept.certified, kept.recall, kept.share) == (0, 5, 1.0, 0.5)
        assert kept.false_share == 0.0

    def test_a_pool_of_noise_certifies_nothing(self):
        noise = Pool("noise", np.full(300, 0.5), np.tile([0, 1], 150))

        kept = clear_promise(noise, eps=0.1, draws=5, rng=np.random.default_rng(1))

        assert (kept.certified, kept.broken, kept.false_share) == (0, 0, None)

    def test_both_sides_count_what_they_hide(self):
        sure = Pool("sure", np.repeat([0.9, 0.1], 500), np.repeat([1, 0], 500))

        found = two_sided(sure, eps_clear=0.01, draws=3, rng=np.random.default_rng(1))

        assert (found.share, found.hidden, found.share_with_beta) == (1.0, 0.0, 1.0)

    def test_a_shortlist_of_sure_scores_holds_them_all(self):
        sure = Pool("sure", np.repeat([0.9, 0.1], 2_000), np.repeat([1, 0], 2_000))

        found = selected_batches(sure, eps=0.1, draws=3, rng=np.random.default_rng(1))

        assert (found.false_share, found.recall, found.above) == (0.0, 1.0, 0.0)


class TestRefused:
    def test_counts_what_chance_cannot_explain(self):
        fair = SplitCheck("p", "all", 90, n=99, m=1_000, k=90, kept=900, strictly=899)
        short = SplitCheck("p", "all", 90, n=99, m=1_000, k=90, kept=500, strictly=499)

        assert event_sections.refused([fair, short], 2) == 1
        assert event_sections.refused([], 2) == 0

    def test_lets_equal_scores_keep_more_than_they_promise(self):
        tied = SplitCheck("p", "all", 90, n=99, m=1_000, k=90, kept=1_000, strictly=0)

        too_few, too_many = p_values([tied])

        assert min(too_few[0], too_many[0]) > 0.5


class TestEngines:
    def test_count_as_engines(self):
        rows = numbers(groups=tuple(f"engine {i % 40}" for i in range(1_600)))

        found = split_engines(rows, np.random.default_rng(1))

        assert found.certifiable == (90, 95)
        assert found.coverage[2] == pytest.approx(1.0)
        assert found.half_widths[0] > 0


class TestPage:
    def test_has_every_section_and_its_figures(self):
        from tools.measure.page import Run

        rng, one = np.random.default_rng(1), pool()
        engines = numbers(groups=tuple(f"engine {i % 40}" for i in range(1_600)))
        sections = [
            *event_sections.coverage_sections([one], FEW, rng),
            *event_sections.certificate_sections([one], FEW, rng),
            event_sections.automation_section([one], FEW, rng),
            event_sections.selection_section([one], FEW, rng),
            event_sections.shift_section([one], FEW, rng),
            event_sections.bias_section([one], FEW, rng),
            number_sections.random_order_section([numbers()], 2, rng),
            number_sections.in_time_section(
                [one], [NumberStream("t", "F", np.zeros(1_600), np.ones(1_600))], [numbers()]
            ),
            number_sections.engine_section(engines, 2, rng),
        ]

        text = text_of(
            page_maker.page_of(sections, FEW),
            Run(date="2026-03-02", commit="abc", machine="slow", python="Python 3.11"),
        )

        assert text.count("\n## ") == 12
        assert "no: not certifiable" in text
        assert "| campaign__lgbm | the true ones |" in text

    def test_says_which_setting_is_missing(self, monkeypatch):
        monkeypatch.delenv("WATCHFLOOR_DATA_DIR", raising=False)

        with pytest.raises(SystemExit, match="WATCHFLOOR_DATA_DIR"):
            page_maker.measure(quick=True)

    def test_says_which_set_is_missing(self, tmp_path):
        with pytest.raises(NotFound, match=r"pools\.npz"):
            read_pools(tmp_path)
