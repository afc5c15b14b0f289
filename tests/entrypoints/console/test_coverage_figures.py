"""The figures of the coverage page place what the numbers say, and escape what people named."""

import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.conformal.group_coverage import GroupCoverage
from watchfloor.entrypoints.console.coverage_figures import judged_words
from watchfloor.entrypoints.console.coverage_numbers import verdict_words
from watchfloor.entrypoints.console.figures import (
    Column,
    CoverageRow,
    DayPoint,
    DecidedBar,
    FigureTable,
    Numbers,
    Promise,
    PromisedRate,
    PromisePoint,
    ReliabilityBin,
    coverage_rows,
    day_strip,
    decided_bars,
    eps_curve,
    reliability,
)

TABLE = FigureTable(("a",), (("1",),))
MONDAY = date(2026, 3, 2)
SHARES = st.floats(min_value=0, max_value=1)
BANDS = st.tuples(SHARES, SHARES).map(lambda pair: tuple(sorted(pair)))


def elements(figure, name):
    return [one for one in ET.fromstring(figure.svg).iter() if one.tag == name]


def classes(figure, name):
    return [one.get("class") for one in elements(figure, name)]


def row(value=0.9, *, name="North", is_judged=True, is_outside=False, band=(0.85, 0.94)):
    return CoverageRow(name, "90.0 % of 120", value, band, (0.88, 0.99), is_judged, is_outside)


def rows_figure(*rows, promised=0.95):
    return coverage_rows(rows, promised=promised, caption="It holds.", table=TABLE)


class TestCoverageRows:
    def test_places_the_point_the_band_and_the_promise_on_one_scale(self):
        figure = rows_figure(row())

        [point] = elements(figure, "circle")
        lines = {one.get("class"): one for one in elements(figure, "line")}
        # From 80 to 100 %, the step of five below the lower end of the band.
        assert (point.get("cx"), lines["promise"].get("x1")) == ("50%", "75%")
        assert (lines["whisker"].get("x1"), lines["whisker"].get("x2")) == ("25%", "70%")

    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            (row(), "pt"),
            (row(is_outside=True), "pt outside"),
            (row(is_judged=False), "pt open"),
        ],
        ids=["judged", "below", "too few"],
    )
    def test_tells_by_the_shape_of_the_point_how_it_stands(self, found, expected):
        assert classes(rows_figure(found), "circle") == [expected]

    def test_draws_no_point_where_nothing_is_known(self):
        figure = rows_figure(row(None, band=(0.0, 1.0), is_judged=False))

        assert elements(figure, "circle") == []

    def test_escapes_and_shortens_names(self):
        figure = rows_figure(row(name="<b>" + "x" * 90))

        first = elements(figure, "text")[0].text
        assert first.startswith("<b>x")
        assert len(first) == 30
        assert "<b>" not in figure.svg

    def test_begins_the_scale_where_the_judged_bands_begin(self):
        few = row(0.9, is_judged=False, band=(0.1, 0.99))

        figure = rows_figure(row(), few)

        starts = [
            one.get("x1") for one in elements(figure, "line") if one.get("class") == "whisker"
        ]
        assert starts == ["25%", "0%"]

    def test_is_read_out_as_its_caption(self):
        assert ET.fromstring(rows_figure(row()).svg).get("aria-label") == "It holds."

    @given(
        rows=st.lists(
            st.builds(row, value=st.none() | SHARES, band=BANDS, is_judged=st.booleans()),
            max_size=5,
        ),
        promised=st.sampled_from([0.9, 0.95, 0.99]),
    )
    def test_stays_inside_its_drawing(self, rows, promised):
        figure = rows_figure(*rows, promised=promised)

        for name, keys in (("line", ("x1", "x2")), ("circle", ("cx",)), ("rect", ("x", "width"))):
            for one in elements(figure, name):
                assert all(0 <= float(one.get(key).rstrip("%")) <= 100 for key in keys)


class TestDecidedBars:
    def test_stacks_shares_from_the_foot_up(self):
        bar = DecidedBar(MONDAY, ticketed=10, cleared=20, reviewed=30, logged=40)

        figure = decided_bars([bar], caption="c", table=TABLE)

        assert classes(figure, "rect") == ["bar-event", "bar-auto", "bar-clean", "bar-open"]
        heights = [float(one.get("height")) for one in elements(figure, "rect")]
        assert [round(height / sum(heights), 3) for height in heights] == [0.1, 0.2, 0.3, 0.4]

    def test_shows_a_week_without_predictions_as_a_gap(self):
        bars = [DecidedBar(MONDAY, 0, 0, 0, 0), DecidedBar(MONDAY + timedelta(7), 0, 0, 1, 1)]

        figure = decided_bars(bars, caption="c", table=TABLE)

        assert "missing" in classes(figure, "line")
        assert classes(figure, "rect") == ["bar-clean", "bar-open"]

    def test_explains_its_kinds(self):
        figure = decided_bars([], caption="c", table=TABLE)

        assert [kind for kind, _ in figure.legend] == [
            *("bar-event", "bar-auto", "bar-clean", "bar-open")
        ]


class TestEpsCurve:
    POINTS = (PromisePoint(0.05, 0.0, 0.0), PromisePoint(0.1, 0.2, 0.5), PromisePoint(0.2, 0.4, 1))

    def test_draws_a_point_for_each_promise_and_share(self):
        figure = eps_curve(self.POINTS, asked=0.1, caption="c", table=TABLE)

        assert sorted(classes(figure, "circle")) == ["pt"] * 3 + ["pt open"] * 3
        assert sorted(classes(figure, "path")) == ["curve-all", "curve-events"]

    def test_marks_the_promise_that_is_asked_for(self):
        figure = eps_curve(self.POINTS, asked=0.1, caption="c", table=TABLE)

        [tick] = [one for one in elements(figure, "line") if one.get("class") == "tick"]
        assert tick.get("x1") == "50%"
        assert "asked for: 10\u00a0%" in [one.text for one in elements(figure, "text")]

    def test_leaves_out_shares_of_events_where_there_is_none(self):
        points = [PromisePoint(0.05, 0.0, None), PromisePoint(0.1, 0.2, None)]

        figure = eps_curve(points, asked=0.01, caption="c", table=TABLE)

        assert classes(figure, "circle") == ["pt"] * 2


class TestReliability:
    SEEN = ReliabilityBin(predicted=0.3, observed=0.5, lower=0.4, upper=0.6, n=80)

    def test_draws_what_a_calibration_states_behind_what_was_seen(self):
        figure = reliability(
            [self.SEEN], event_name="event", promised=[PromisedRate(0.2, 0.4, 0.25, 0.35)]
        )

        [band] = [one for one in elements(figure, "rect") if one.get("class") == "b95"]
        assert [band.get(key) for key in ("x", "width", "y", "height")] == [
            *("20%", "20%", "65%", "10%")
        ]
        assert "b95" in [kind for kind, _ in figure.legend]

    def test_draws_the_two_numbers_of_the_pair_as_lines(self):
        pair = [(0.0, 0.0, 0.1), (0.5, 0.3, 0.6), (1.0, 0.9, 1.0)]

        figure = reliability([self.SEEN], event_name="event", pair=pair)

        assert classes(figure, "path") == ["curve-pair"] * 2
        lower, _ = (one.get("d") for one in elements(figure, "path"))
        assert lower == "M0.00 100.00L50.00 70.00L100.00 10.00"

    def test_needs_neither(self):
        assert reliability([self.SEEN], event_name="event").legend == ()


class TestWeekStrip:
    def test_rings_a_week_below_the_promise(self):
        points = [DayPoint(MONDAY, 0.8, 0.7, 0.9, 90, is_outside=True), DayPoint(MONDAY, 0.95)]

        figure = day_strip(
            points,
            metric="Coverage",
            promise=Promise(0.95, is_upper_bound=False),
            caption="One falls short.",
            table=TABLE,
        )

        assert classes(figure, "circle") == ["pt outside", "pt"]
        assert (figure.caption, figure.table) == ("One falls short.", TABLE)


class TestWords:
    SOUND = GroupCoverage(95, 400, 380, 0, (0.92, 0.97))
    LOW = GroupCoverage(95, 400, 300, 0, (0.92, 0.97))
    UNLUCKY = GroupCoverage(95, 4000, 3720, 0, (0.92, 0.97))
    FEW = GroupCoverage(95, 5, 5, 0, (0.92, 0.97))

    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            (SOUND, "as promised"),
            (LOW, "below the promise"),
            (UNLUCKY, "below, as so small a set may be"),
            (FEW, "too few to judge"),
            (GroupCoverage(90, 400, 400, 0, (0.92, 0.97)), "above the promise"),
        ],
        ids=["sound", "low", "unlucky", "few", "above"],
    )
    def test_of_a_verdict(self, found, expected):
        assert verdict_words(found) == expected

    @pytest.mark.parametrize(
        ("groups", "expected"),
        [
            ([], "No outcome is known yet."),
            ([SOUND], "The one group with enough outcomes does not fall below the promise."),
            ([SOUND] * 3, "None of 3 groups with enough outcomes falls below the promise."),
            (
                [SOUND, LOW, FEW],
                "1 of 2 groups falls below the promise; by chance alone about one in forty "
                "would. 1 has too few outcomes to be judged.",
            ),
            ([FEW] * 2, "2 have too few outcomes to be judged."),
        ],
        ids=["none", "one", "three", "one below", "few"],
    )
    def test_of_a_grouping(self, groups, expected):
        assert judged_words(groups) == expected


class TestNumbers:
    TOLD = Numbers(
        (Column("site", "Site", str), Column("share", "Share", lambda v: f"{100 * v:.0f} %")),
        (("North", 0.25),),
    )

    def test_are_text_for_people(self):
        assert self.TOLD.table() == FigureTable(("Site", "Share"), (("North", "25 %"),))

    def test_are_plain_for_programs(self):
        assert self.TOLD.csv() == "site,share\r\nNorth,0.25\r\n"

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
    def test_are_no_formula(self, start):
        told = Numbers(self.TOLD.columns, ((f"{start}SUM(A1)", 0.5),))

        assert told.csv().splitlines()[1].strip('"').startswith(f"'{start}")
