"""The arithmetic and the writing of the measured pages, on tiny inputs; nothing is measured."""

import signal
import sqlite3
from collections import Counter
from dataclasses import replace

import pytest

from tools.measure import bare, demo_timing, figures, footprint, page, processes, sampling
from tools.measure import throughput as through
from tools.measure.page import Measured, Run, Section
from tools.measure.throughput import Leg
from tools.measure.traffic import WORKLOADS, Traffic, traffic

RUN = Run(date="2026-03-02", commit="abc123", machine="2 cores, a slow one", python="Python 3.11")
PAGE = Measured(
    name="weight",
    title="What it weighs",
    what="Grams.",
    how="On scales.",
    n="3 times",
    seed="7",
    versions="Scales 2",
    sections=[Section("Weights", "In grams.", ("what", "g"), [("a|b", "1")])],
)


class TestQuantile:
    @pytest.mark.parametrize(
        ("level", "expected"), [(0.01, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.07, 7.0)]
    )
    def test_is_the_smallest_value_with_enough_at_or_below_it(self, level, expected):
        hundred = [float(value) for value in range(100, 0, -1)]

        assert figures.quantile(hundred, level) == expected

    @pytest.mark.parametrize(("values", "level"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
    def test_refuses_what_has_none(self, values, level):
        with pytest.raises(ValueError, match="no quantile"):
            figures.quantile(values, level)


class TestRates:
    def test_a_rate_without_time_was_not_measured(self):
        with pytest.raises(ValueError, match="no rate"):
            figures.per_second(10, 0.0)

    def test_shares_add_up_to_one_and_leave_nothing_out_but_zeros(self):
        found = figures.shares({"parse": 1, "sql": 2, "idle": 0, "act": 1})

        assert found == [("sql", 0.5), ("act", 0.25), ("parse", 0.25)]

    @pytest.mark.parametrize(
        ("value", "expected"),
        [(12345.6, "12,300"), (0.04567, "0.0457"), (99.96, "100.0"), (0.0, "0"), (None, "-")],
    )
    def test_a_number_is_said_with_three_digits(self, value, expected):
        assert figures.said(value) == expected

    def test_the_ratio_is_to_the_bare_writing_of_the_same_events(self):
        told = _told(seconds=2.0, bare_seconds=0.5)

        assert through.rate(told) == 50.0
        assert through.bare_rate(told) == 200.0


class TestPage:
    def test_says_what_how_n_seed_machine_and_commit(self):
        text = page.text_of(PAGE, RUN)

        assert text.startswith("# What it weighs\n")
        for said in ("Grams.", "On scales.", "| n | 3 times |", "| seed | 7 |", "| date |"):
            assert said in text
        assert "| machine | 2 cores, a slow one |" in text
        assert "| commit | abc123 |" in text
        assert r"| a\|b | 1 |" in text

    def test_a_quick_run_says_that_its_figures_prove_nothing(self):
        assert "prove nothing" in page.text_of(PAGE, replace(RUN, quick=True))
        assert "prove nothing" not in page.text_of(PAGE, RUN)

    def test_is_written_under_the_name_of_the_measurement(self, tmp_path):
        path = page.write(PAGE, RUN, folder=tmp_path / "new")

        assert path.name == "weight.md"
        assert path.read_text() == page.text_of(PAGE, RUN)

    def test_names_the_processor(self, tmp_path):
        told = tmp_path / "cpuinfo"
        told.write_text("processor\t: 0\nmodel name\t: Abacus 3000\n")

        assert "Abacus 3000" in page.machine(told)
        assert "not told" in page.machine(tmp_path / "nothing")


class TestThroughputPage:
    def test_shows_rates_ratio_and_where_the_time_went(self):
        runs = [(Leg("Mosquitto", "SQLite"), "mixed", [_told(seconds=2.0, bare_seconds=0.5)])]

        text = page.text_of(through.page_of(runs, {}, 46, 100, "SQLite 3"), RUN)

        assert "| 16.0 % | 50.0 | 50.0 to 50.0 | 200 | 25.0 % |" in text
        assert "| parse | 75.0 % |" in text
        assert "50.0 % in Mosquitto, SQLite: mixed" in text


class TestFootprintPage:
    @pytest.mark.parametrize(("rss", "verdict"), [(300.0, "MiB (kept)"), (340.0, "MiB (not kept)")])
    def test_judges_megabytes_and_not_mebibytes(self, rss, verdict):
        idle = footprint.Idle(2.0, 1, rss, rss, 1.0)

        text = page.text_of(footprint.page_of([idle], settle_s=1, idle_s=2), RUN)

        assert verdict in text


class TestDemoPage:
    def test_what_was_not_seen_is_said(self):
        seen = demo_timing.Demo({"page": 3.0, "live": 70.0}, {"promotions": 1}, "")

        text = page.text_of(demo_timing.page_of([seen]), RUN)

        assert "| the first page answers | 3.00 | - |" in text
        assert "| history is loaded, the live stream begins | 70.0 | 60 s: kept in 0 of 1 |" in text
        assert "| a live drift alert | not seen | 180 s: kept in 0 of 1 |" in text


class TestSampling:
    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ('INSERT INTO "a" ("b") SELECT 1', "INSERT a"),
            ('INSERT OR IGNORE INTO "a" ("b") VALUES (1)', "INSERT a"),
            ('SELECT "x"."y", "a"."z" FROM "x" INNER JOIN "a" ON 1', "SELECT x"),
            ('UPDATE "a" SET "b" = 1', "UPDATE a"),
            ('DELETE FROM "a" WHERE 1', "DELETE a"),
            ("BEGIN IMMEDIATE", "BEGIN"),
        ],
    )
    def test_a_statement_has_a_verb_and_a_table(self, sql, expected):
        assert sampling.statement_of(sql) == expected

    def test_the_timer_is_off_afterwards_and_the_old_handler_back(self):
        before = signal.getsignal(signal.SIGALRM)

        with sampling.sampled(sampling.Profile()) as profile:
            while not profile.samples:
                pass

        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        assert signal.getsignal(signal.SIGALRM) is before

    def test_a_statement_under_way_is_named_by_its_table(self):
        profile = sampling.Profile()

        def execute(*_):
            profile.look(signal.SIGALRM, None)
            return "rows"

        answer = profile.around_statement(execute, 'UPDATE "a" SET "b" = 1', (), False, {})

        assert answer == "rows"
        assert profile.samples == Counter({"SQL: UPDATE a": 1})
        assert profile.statements == Counter({"UPDATE a": 1})


class TestBareRows:
    def test_new_rows_are_those_whose_key_was_not_there(self):
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE seen (id INTEGER, word TEXT)")
        connection.executemany("INSERT INTO seen VALUES (?, ?)", [(1, "old"), (2, "new")])

        assert bare._new_rows(connection, "seen", {1}) == [(2, "new")]

    @pytest.mark.parametrize(("rows", "n"), [(0, 3), (2, 3), (7, 3), (9, 3)])
    def test_parts_hold_everything_once_in_order(self, rows, n):
        parts = list(bare.parts(range(rows), n))

        assert len(parts) == n
        assert [row for part in parts for row in part] == list(range(rows))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


class TestTraffic:
    @pytest.mark.parametrize("name", WORKLOADS)
    def test_holds_the_events_asked_for_and_time_that_never_goes_back(self, name):
        made = traffic(WORKLOADS[name], first_day=0, n=60)

        assert made.n_events == 60
        assert len(made.until) == len(made.messages) <= 60
        assert list(made.until) == sorted(made.until)

    def test_is_cut_behind_the_message_that_makes_the_number_full(self):
        made = Traffic(messages=[], until=[], sizes=[2, 1, 3, 1])

        assert [made.cut_at(n) for n in (1, 2, 3, 4, 7)] == [1, 1, 2, 3, 4]

    def test_a_bundle_has_several_events_of_one_device(self):
        one, many = (traffic(WORKLOADS[n], first_day=0, n=200) for n in ("mixed", "bundled"))

        assert len(many.messages) < len(one.messages) == 200


def test_the_tree_of_a_process_holds_itself():
    import os

    assert os.getpid() in processes.tree_of(os.getpid())
    assert processes.rss_bytes(os.getpid()) > 0


def _told(*, seconds, bare_seconds):
    timed = {"events": 100, "batches": 4, "seconds": seconds, "cpu_s": {"ingest thread": 0.5}}
    return {
        "timed": timed,
        "bare": {
            "seconds": bare_seconds,
            "rows": {"noc_ingest_key": 100, "noc_fraud_prediction_log": 16},
        },
        "profiled": {"events": 50, "batches": 2},
        "samples": {"parse": 3, "decide": 1, sampling.WAITING: 4},
        "statements": {"INSERT noc_ingest_key": 2},
    }
