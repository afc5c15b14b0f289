import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.entrypoints.console.figures import (
    Contribution,
    DayMark,
    DayPoint,
    DrawnScore,
    Promise,
    ReliabilityBin,
    ScoreBin,
    Tick,
    contribution_bars,
    day_strip,
    reliability,
    score_glyph,
    score_histogram,
    score_label,
    score_scale,
    sparkline,
)

SURE = DrawnScore(0.93, (0.88, 0.96), (0.85, 0.97), ticks=(Tick(0.78, "ticket from"),))
SHARES = st.floats(min_value=0, max_value=1)
BANDS = st.none() | st.tuples(SHARES, SHARES).map(lambda pair: tuple(sorted(pair)))
MONDAY = date(2026, 3, 2)


def elements(svg, name):
    return [one for one in ET.fromstring(svg).iter() if one.tag == name]


def attribute(svg, name, class_, key):
    return [one.get(key) for one in elements(svg, name) if one.get("class") == class_]


class TestScoreGlyph:
    def test_places_point_bands_and_threshold_where_the_numbers_say(self):
        svg = score_glyph(SURE)

        assert attribute(svg, "circle", "pt", "cx") == ["93%"]
        assert attribute(svg, "rect", "b95", "x") == ["88%"]
        assert attribute(svg, "rect", "b95", "width") == ["8%"]
        assert attribute(svg, "rect", "b99", "width") == ["12%"]
        assert attribute(svg, "line", "tick", "x1") == ["78%"]

    def test_says_its_numbers_to_those_who_hear_it(self):
        spoken = ET.fromstring(score_glyph(SURE)).get("aria-label")

        assert spoken.replace("\u00a0", " ") == (
            "score 0.93, 95 % interval 0.88 to 0.96, 99 % interval 0.85 to 0.97, ticket from 0.78"
        )

    def test_brackets_the_venn_abers_pair_and_says_it(self):
        drawn = replace(SURE, pair=(0.9, 0.95))

        svg = score_glyph(drawn)

        ends = {one.get("x1") for one in elements(svg, "line") if one.get("class") == "pair"}
        assert ends == {"90%", "95%"}
        assert "Venn-Abers pair 0.90 and 0.95" in ET.fromstring(svg).get("aria-label")
        assert attribute(score_scale(drawn), "line", "pair", "x2") == ["95%", "90%", "95%"]

    def test_an_unknown_score_is_a_word_and_draws_nothing(self):
        shown = score_glyph(DrawnScore(None, why_unknown="no calibration set"))

        assert "unknown: no calibration set" in shown
        assert "<svg" not in shown

    def test_a_score_without_an_interval_has_an_open_point_and_says_so(self):
        drawn = DrawnScore(0.55)

        assert attribute(score_glyph(drawn), "circle", "pt open", "cx") == ["55%"]
        assert "interval unknown" in score_label(drawn)

    @given(score=SHARES, band95=BANDS, band99=BANDS, tick=SHARES)
    def test_is_well_formed_and_stays_inside_its_axis(self, score, band95, band99, tick):
        drawn = DrawnScore(score, band95, band99, ticks=(Tick(tick, "a < b & c"),))

        for svg in (score_glyph(drawn), score_scale(drawn)):
            places = [
                float(value.removesuffix("%"))
                for one in ET.fromstring(svg).iter()
                for key, value in one.items()
                if key in {"x", "x1", "x2", "cx", "width"} and value.endswith("%")
            ]
            assert places
            assert all(0 <= place <= 100 for place in places)

    def test_the_large_mark_gives_each_threshold_a_line_of_its_own(self):
        drawn = DrawnScore(0.5, ticks=(Tick(0.60, "review from"), Tick(0.61, "ticket from")))

        labels = [one for one in elements(score_scale(drawn), "text") if "from" in one.text]

        assert len({one.get("y") for one in labels}) == 2


class TestSparkline:
    def test_leaves_a_gap_where_a_value_is_unknown(self):
        (path,) = attribute(sparkline([1, 2, None, 2, 1]), "path", "spark-line", "d")

        assert path.count("M") == 2

    def test_draws_equal_values_in_the_middle_and_nothing_for_none_known(self):
        (path,) = attribute(sparkline([3, 3]), "path", "spark-line", "d")

        assert path == "M0.0 13.0L100.0 13.0"
        assert sparkline([None, None]) == ""

    def test_keeps_its_target_in_sight(self):
        svg = sparkline([1, 2], target=9)

        assert attribute(svg, "line", "spark-target", "y1") == ["3"]


class TestScoreHistogram:
    BINS = (
        ScoreBin(0.0, 0.5, clean=90, event=2, unknown=8),
        ScoreBin(0.5, 1.0, clean=4, event=6, unknown=0),
    )

    def test_states_how_many_there_are_and_what_the_threshold_finds(self):
        figure = score_histogram(self.BINS, ticks=(Tick(0.5, "ticket"),), event_name="fraud")

        assert "110 predictions: 8 fraud, 94 not, 8 still open." in figure.caption
        assert "75\u00a0% of fraud scored 0.50 or more." in figure.caption

    def test_the_table_holds_every_bin(self):
        figure = score_histogram(self.BINS, event_name="fraud")

        assert [row[1:] for row in figure.table.rows] == [("2", "90", "8"), ("6", "4", "0")]

    def test_an_empty_span_says_so(self):
        figure = score_histogram((), event_name="fraud")

        assert figure.caption == "No predictions in this span."
        ET.fromstring(figure.svg)

    def test_a_name_from_a_tenant_cannot_become_markup(self):
        figure = score_histogram(self.BINS, event_name="<script>")

        assert "<script>" not in figure.svg


class TestReliability:
    HONEST = ReliabilityBin(predicted=0.3, observed=0.28, lower=0.2, upper=0.4, n=100)
    MISSED = ReliabilityBin(predicted=0.5, observed=0.7, lower=0.6, upper=0.8, n=100)

    def test_counts_the_groups_that_miss_their_interval(self):
        figure = reliability([self.HONEST, self.MISSED], event_name="fraud")

        assert "1 of 2 groups lies outside" in figure.caption
        assert "by 11.0 points on average (200 outcomes)" in figure.caption
        assert attribute(figure.svg, "circle", "pt outside", "cx") == ["50%"]

    def test_says_so_when_every_group_agrees_or_nothing_is_known(self):
        agreed = reliability([self.HONEST], event_name="fraud")
        empty = reliability([], event_name="fraud")

        assert "Every group agrees" in agreed.caption
        assert "No outcome is known yet" in empty.caption


class TestDayStrip:
    POINTS = (
        DayPoint(MONDAY, 0.96, 0.93, 0.98, n=120),
        DayPoint(MONDAY + timedelta(days=1), None),
        DayPoint(MONDAY + timedelta(days=2), 0.90, 0.86, 0.94, n=110),
    )
    KEPT_ABOVE = Promise(0.93, is_upper_bound=False)

    def test_states_the_latest_value_the_broken_promise_and_the_gap(self):
        figure = day_strip(self.POINTS, metric="Coverage", promise=self.KEPT_ABOVE)

        said = figure.caption.replace("\u00a0", " ")
        assert said == (
            "Coverage: 90.0 % on 4 Mar (86.0 % to 94.0 %, n = 110). "
            "Below the promised 93.0 % on 1 of 2 days. 1 day has no outcomes."
        )

    def test_draws_a_gap_and_not_a_zero_for_a_day_without_outcomes(self):
        svg = day_strip(self.POINTS, metric="Coverage").svg

        assert len(attribute(svg, "circle", "pt", "cx")) == 2
        assert len(attribute(svg, "line", "missing", "x1")) == 1

    def test_the_table_has_a_row_for_each_day_and_says_unknown(self):
        rows = day_strip(self.POINTS, metric="Coverage").table.rows

        assert len(rows) == len(self.POINTS)
        assert rows[1] == ("2026-03-03", "unknown", "unknown", "0")

    def test_numbers_the_marks_inside_the_strip_in_the_order_of_their_days(self):
        marks = [
            DayMark(MONDAY + timedelta(days=2), "promoted"),
            DayMark(MONDAY, "drift found"),
            DayMark(MONDAY - timedelta(days=9), "long before"),
        ]

        figure = day_strip(self.POINTS, metric="Coverage", marks=marks)

        assert figure.notes == ("drift found, 2 Mar", "promoted, 4 Mar")

    def test_marks_of_neighbouring_days_do_not_stand_on_each_other(self):
        points = [DayPoint(MONDAY + timedelta(days=n), 0.9, 0.8, 1.0, 50) for n in range(60)]
        marks = [DayMark(MONDAY + timedelta(days=n), "promoted") for n in (30, 31, 32)]

        svg = day_strip(points, metric="Coverage", marks=marks).svg

        assert len(set(attribute(svg, "text", "mark", "y"))) == 3

    @given(values=st.lists(st.none() | SHARES, max_size=40))
    def test_is_well_formed_whatever_is_missing(self, values):
        points = [DayPoint(MONDAY + timedelta(days=n), value) for n, value in enumerate(values)]

        figure = day_strip(points, metric="Coverage", promise=self.KEPT_ABOVE)

        ET.fromstring(figure.svg)
        assert figure.caption


@pytest.mark.parametrize(
    ("promise", "value", "expected"),
    [
        (Promise(0.05, is_upper_bound=True), 0.06, True),
        (Promise(0.05, is_upper_bound=True), 0.05, False),
        (Promise(0.93, is_upper_bound=False), 0.92, True),
        (Promise(0.93, is_upper_bound=False), 0.93, False),
    ],
)
def test_a_promise_is_broken_on_its_own_side_only(promise, value, expected):
    assert promise.is_broken_by(value) is expected


def test_reasons_come_strongest_first_on_one_scale():
    bars = contribution_bars([Contribution("own device", -0.1), Contribution("speed", 0.4)])

    assert [bar.words for bar in bars] == ["speed", "own device"]
    assert attribute(bars[0].svg, "rect", "bar", "width") == ["100%"]
    assert attribute(bars[1].svg, "rect", "bar against", "width") == ["25%"]
