from collections import Counter
from datetime import timedelta

import numpy as np

from watchfloor.entrypoints.simulator.records import PUNCHES

SATURDAY = 5


def by_source(stream, source):
    return [label for label in stream.labels if label.source == source]


class TestReviews:
    def test_are_worked_on_weekdays_within_capacity(self, demo_stream):
        reviews = by_source(demo_stream, "review")
        punches = {e.event_id: e for e in demo_stream.events if e.event_type in PUNCHES}
        per_day = Counter(punches[label.event_id].server_at.date() for label in reviews)

        assert all(label.available_at.weekday() < SATURDAY for label in reviews)
        # Eleven stand for a day; what arrives late joins another day's.
        assert np.mean(list(per_day.values())) <= 11

    def test_come_after_about_a_day(self, demo_stream):
        arrived = {event.event_id: event.server_at for event in demo_stream.events}
        days = [
            (label.available_at - arrived[label.event_id]) / timedelta(days=1)
            for label in by_source(demo_stream, "review")
        ]

        # Log-normal, median 1 day, 95 % below 4, and up to two days more at weekends.
        assert 0.8 <= np.median(days) <= 1.8
        assert np.quantile(days, 0.95) < 6

    def test_confirm_most_frauds_that_can_be_found(self, demo_stream):
        verdicts = Counter()
        for label in by_source(demo_stream, "review"):
            row = demo_stream.truth.find(label.event_id)
            kind = "honest" if row is None else "never" if row.never_found else "findable"
            verdicts[kind, label.label] += 1

        def confirmed(kind):
            return verdicts[kind, "fraud"] / (verdicts[kind, "fraud"] + verdicts[kind, "honest"])

        # 90 % of about 130 and 2 % of about 550: four standard errors are 10 and 2.4 points.
        assert 0.79 <= confirmed("findable") <= 1.0
        assert confirmed("honest") <= 0.045
        assert confirmed("never") <= 0.15


class TestComplaints:
    def test_are_about_what_a_client_can_see_and_sometimes_about_nothing(self, demo_stream):
        complaints = by_source(demo_stream, "complaint")
        rows = [demo_stream.truth.find(label.event_id) for label in complaints]

        assert {label.label for label in complaints} == {"fraud"}
        assert {row.archetype for row in rows if row and row.detectability == "visible"} <= {
            "A1",
            "A2",
            "A6",
        }
        assert np.mean([row is not None for row in rows]) > 0.5

    def test_take_two_days_to_two_weeks(self, demo_stream):
        arrived = {event.event_id: event.server_at for event in demo_stream.events}

        for label in by_source(demo_stream, "complaint"):
            if label.event_id in arrived:
                waited = label.available_at - arrived[label.event_id]
                assert timedelta(days=2) <= waited <= timedelta(days=14)


class TestAudits:
    def test_label_every_punch_of_an_audited_site(self, audited_stream):
        punches = {e.event_id for e in audited_stream.events if e.event_type in PUNCHES}
        audited = {label.event_id for label in by_source(audited_stream, "audit")}

        assert punches <= audited

    def test_are_right_but_for_one_in_a_hundred_and_for_who_is_never_found(self, audited_stream):
        wrong = []
        for label in by_source(audited_stream, "audit"):
            row = audited_stream.truth.find(label.event_id)
            finding = "fraud" if row is not None and not row.never_found else "honest"
            wrong.append(label.label != finding)

        # One per cent of about 2,300: standard error 0.2 %; four of them.
        assert 0.002 <= np.mean(wrong) <= 0.018

    def test_report_after_their_month_is_over_and_within_ninety_days(self, audited_stream):
        arrived = {event.event_id: event.server_at for event in audited_stream.events}

        for label in by_source(audited_stream, "audit"):
            if label.event_id in arrived:
                waited = label.available_at - arrived[label.event_id]
                assert timedelta(days=15) <= waited <= timedelta(days=90)


class TestNeverFound:
    def test_is_about_three_frauds_in_ten(self, demo_stream):
        shifts = {(r.guard_id, r.start): r.never_found for r in demo_stream.truth.rows}

        # About 300 deeds: standard error 2.7 %; four of them.
        assert abs(np.mean(list(shifts.values())) - 0.30) < 0.11
