"""Sample values for a page that shows every part once, to be looked at in both themes."""

import math
from datetime import datetime, timedelta
from typing import Any

from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.figures import DrawnScore, Tick
from watchfloor.entrypoints.console.parts import Kpi, Notice, Progress, StreamRow, TimelineEntry
from watchfloor.entrypoints.console.shell import Automation, NavItem, Shell

TICKET = Tick(0.78, "ticket from")
REVIEW = Tick(0.60, "review from")


def sample_context(*, now: datetime, live_path: str = "") -> dict[str, Any]:
    """Return what `console/styleguide.html` draws; invented, the same at every call."""
    return {
        "shell": _shell(now, live_path=live_path),
        "kpis": _kpis(),
        "rows": _rows(now),
        "review_score": DrawnScore(
            0.71, (0.48, 0.85), (0.39, 0.90), ticks=(REVIEW, TICKET), pair=(0.66, 0.74)
        ),
        "bars": figures.contribution_bars(
            [
                figures.Contribution("Speed from previous fix 612 km/h", 0.31),
                figures.Contribution("Accuracy 3.0 m, identical in 14 fixes", 0.19),
                figures.Contribution("Own device, face match 0.91", -0.13),
            ]
        ),
        "entries": _entries(now),
        "progress": Progress("Training the challenger", 1204, 1880, "rows", "about 40 s left"),
        "coverage": _coverage(now),
        "histogram": figures.score_histogram(
            _bins(), ticks=(Tick(0.60, "review"), Tick(0.80, "ticket")), event_name="fraud"
        ),
        "agreement": figures.reliability(_groups(), event_name="fraud"),
        "held": _held(),
        "decided": _decided(now),
        "promises": _promises(),
        "edge_scores": (
            DrawnScore(0.0042, (0.0021, 0.0081), (0.0017, 0.0102), ticks=(TICKET,)),
            DrawnScore(0.9991, (0.981, 1.0), (0.972, 1.0), ticks=(TICKET,)),
            DrawnScore(0.55, ticks=(TICKET,)),
            DrawnScore(None, why_unknown="no calibration set"),
        ),
        "edge_scale": DrawnScore(0.93, (0.88, 0.96), (0.85, 0.97), ticks=(TICKET,)),
        "failure": Notice(
            title="The simulation did not finish",
            words="Your values are kept. The server was busy for more than ten seconds.",
            action="Try again",
            href="#again",
            reference="7f3a-19c2",
        ),
        "empty": Notice(
            title="Queue is empty",
            words="Last 24 h: 31 reviewed, median 48 s.",
            action="To the wall",
            href="#wall",
        ),
    }


def _shell(now: datetime, *, live_path: str) -> Shell:
    return Shell(
        main=(
            NavItem("wall", "Wall", "#wall", "layout-dashboard", "g w", is_current=True),
            NavItem("review", "Review", "#review", "list-checks", "g r", count=7),
            NavItem("tickets", "Tickets", "#tickets", "ticket", "g t", count=41),
            NavItem("models", "Models", "#models", "chart-line", "g m"),
        ),
        rest=(
            NavItem("dead_letters", "Dead letters", "#dead", "mail-x", "g d", count=3),
            NavItem("audit", "Audit", "#audit", "scroll-text", "g a"),
        ),
        tenant="Meridian",
        person="Dana",
        role="NOC operator",
        automation=Automation.ON,
        as_of=now,
        speed=21_600,
        lag_ms=400,
        live_path=live_path,
        sign_out_path="#out",
    )


def _kpis() -> tuple[Kpi, ...]:
    spark = figures.sparkline
    steady = spark([0.958, 0.951, 0.962, 0.949, 0.957, 0.948], band=(0.941, 0.958))
    false_share = spark([0.03, 0.034, 0.028, 0.036, 0.031, 0.031], target=0.05)
    return (
        Kpi("critical", "Open critical", "2", "oldest 6 min, unowned", "#critical",
            spark([1, 0, 1, 0, 2, 1, 4, 2, 1, 4, 5]), tone="bad"),
        Kpi("review", "Waiting for review", "7", "median wait 3 min", "#review",
            spark([2, 4, 3, 6, None, 7, 5, 6, 4])),
        Kpi("automatic", "Handled without a person", "71.4 %", "n = 8,412 today", "",
            spark([0.62, 0.64, 0.68, 0.67, 0.70, 0.714])),
        Kpi("false", "False automatic tickets", "3.1 %", "promised ≤ 5 %, upper 4.6 %", "",
            false_share, tone="good"),
        Kpi("coverage", "Coverage at 95 %", "94.8 %", "band 94.1 – 95.8", "",
            steady, tone="accent"),
    )  # fmt: skip


def _rows(now: datetime) -> tuple[StreamRow, ...]:
    ticks = (TICKET,)
    told = (
        ("critical", "Two sites in four minutes", "G-1187, check-in", "Harbour Gate 2",
         DrawnScore(0.93, (0.88, 0.96), (0.85, 0.97), ticks, (0.91, 0.95)),
         "Ticket 4,102", "certified at ε 5 %", 12),
        ("high", "Fix jumped 41 km", "G-0342, location", "North Campus",
         DrawnScore(0.71, (0.48, 0.85), (0.39, 0.90), ticks, (0.66, 0.74)),
         "Review", "interval too wide", 61),
        ("medium", "Silent for 47 min, expected 2.8 signals an hour", "Post 3, night",
         "Depot West", DrawnScore(0.44, (0.39, 0.50), (0.37, 0.52), ticks),
         "Log", "below review score", 190),
        ("low", "Score cannot be computed: no calibration set", "Lift 10012, outage tomorrow",
         "Central Station", DrawnScore(None),
         "Review", "no calibration", 302),
    )  # fmt: skip
    return tuple(
        StreamRow(
            key=str(number),
            cursor=str(number),
            severity=severity,
            title=title,
            detail=detail,
            where=where,
            href=f"#{number}",
            drawn=drawn,
            verdict=verdict,
            reason=reason,
            at=now - timedelta(seconds=seconds),
        )
        for number, (severity, title, detail, where, drawn, verdict, reason, seconds) in enumerate(
            told
        )
    )


def _entries(now: datetime) -> tuple[TimelineEntry, ...]:
    def at(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    return (
        TimelineEntry(at(0.5), "Dana", True, "Took the item", "lease of five minutes"),
        TimelineEntry(at(4), "decision", False, "Review: interval too wide", "0.48 – 0.85"),
        TimelineEntry(at(4.1), "model 7c1e", False, "Scored 0.71", "", "#model"),
        TimelineEntry(at(4.2), "edge", False, "Check-in received", "device D-2207"),
    )


def _coverage(now: datetime) -> figures.Figure:
    first = now.date() - timedelta(days=59)
    points = []
    for index in range(60):
        n = 90 + (index * 37) % 60
        value = 0.952 + 0.018 * math.sin(index / 4) - (0.05 if 40 <= index <= 46 else 0)
        half = 1.96 * math.sqrt(value * (1 - value) / n)
        day = first + timedelta(days=index)
        if index in (12, 13, 59):
            points.append(figures.DayPoint(day, None))
        else:
            points.append(
                figures.DayPoint(day, value, max(0.0, value - half), min(1.0, value + half), n)
            )
    return figures.day_strip(
        points,
        metric="Coverage at 95 %",
        promise=figures.Promise(0.93, is_upper_bound=False),
        marks=(
            figures.DayMark(first + timedelta(days=43), "Drift found, HIGH"),
            figures.DayMark(first + timedelta(days=46), "Challenger promoted"),
            figures.DayMark(first + timedelta(days=47), "Watch confirmed it"),
        ),
    )


def _bins() -> list[figures.ScoreBin]:
    return [
        figures.ScoreBin(
            lower=index / 20,
            upper=(index + 1) / 20,
            clean=int(900 * math.exp(-index / 3)) + 2,
            event=int(3 + 26 * (index / 19) ** 2),
            unknown=int(500 * math.exp(-index / 3.4)) + 1,
        )
        for index in range(20)
    ]


def _groups() -> list[figures.ReliabilityBin]:
    told = ((0.03, 0.02, 900), (0.12, 0.13, 310), (0.31, 0.27, 120), (0.52, 0.66, 90),
            (0.74, 0.71, 75), (0.92, 0.94, 110))  # fmt: skip
    return [
        figures.ReliabilityBin(
            predicted=predicted,
            observed=observed,
            lower=max(0.0, observed - 1.96 * math.sqrt(observed * (1 - observed) / n)),
            upper=min(1.0, observed + 1.96 * math.sqrt(observed * (1 - observed) / n)),
            n=n,
        )
        for predicted, observed, n in told
    ]


def _held() -> figures.Figure:
    rows = (
        ("Harbour Gate 2", "94.9 % of 1,204", 0.949, (0.935, 0.961), True, False),
        ("North Campus", "90.2 % of 812, below", 0.902, (0.88, 0.922), True, True),
        ("Depot West", "100 % of 14, too few", 1.0, (0.768, 1.0), False, False),
        ("Central Station", "no outcome known", None, (0.0, 1.0), False, False),
    )
    return figures.coverage_rows(
        [
            figures.CoverageRow(name, told, value, band, (0.93, 0.97), is_judged, is_outside)
            for name, told, value, band, is_judged, is_outside in rows
        ],
        promised=0.95,
        caption="1 of 2 groups falls below the promise.",
        table=figures.FigureTable(("Site", "Covered"), tuple(row[:2] for row in rows)),
    )


def _decided(now: datetime) -> figures.Figure:
    counts = ((40, 300, 120, 340), (61, 310, 90, 320), (0, 0, 0, 0), (72, 330, 70, 310))
    monday = now.date()
    return figures.decided_bars(
        [figures.DecidedBar(monday + timedelta(weeks=k), *each) for k, each in enumerate(counts)],
        caption="45.2 % of 2,363 predictions were handled without a person.",
        table=figures.FigureTable(("Week", "Tickets"), (("1", "40"),)),
    )


def _promises() -> figures.Figure:
    shares = ((0.01, 0, 0), (0.02, 0, 0), (0.05, 0.03, 0.2), (0.1, 0.07, 0.4), (0.2, 0.12, 0.6))
    return figures.eps_curve(
        [figures.PromisePoint(*each) for each in shares],
        asked=0.05,
        caption="The smallest share of false tickets that can be certified is 5 %.",
        table=figures.FigureTable(("False at most", "Of all"), (("5 %", "3 %"),)),
    )
