"""
Pictures drawn on the server as SVG text: pure functions of their numbers.

Every figure carries a caption that states the finding and a table with the numbers behind it.
Horizontal positions are percentages, so a figure stretches with its column while its text keeps
its size; colours and line styles live in the style sheet alone.
"""

from watchfloor.entrypoints.console.figures.contributions import (
    Contribution,
    ContributionBar,
    contribution_bars,
)
from watchfloor.entrypoints.console.figures.coverage_rows import CoverageRow, coverage_rows
from watchfloor.entrypoints.console.figures.day_strip import (
    DayMark,
    DayPoint,
    Promise,
    day_strip,
)
from watchfloor.entrypoints.console.figures.decided_bars import DecidedBar, decided_bars
from watchfloor.entrypoints.console.figures.eps_curve import PromisePoint, eps_curve, promise_text
from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.histogram import Handle, ScoreBin, score_histogram
from watchfloor.entrypoints.console.figures.line_plot import Axis, LineMark, LinePoint, line_plot
from watchfloor.entrypoints.console.figures.numbers import Column, Numbers
from watchfloor.entrypoints.console.figures.reliability import (
    PromisedRate,
    ReliabilityBin,
    reliability,
)
from watchfloor.entrypoints.console.figures.score_glyph import (
    DrawnScore,
    Tick,
    score_glyph,
    score_label,
    score_scale,
)
from watchfloor.entrypoints.console.figures.sparkline import sparkline

__all__ = [
    "Axis",
    "Column",
    "Contribution",
    "ContributionBar",
    "CoverageRow",
    "DayMark",
    "DayPoint",
    "DecidedBar",
    "DrawnScore",
    "Figure",
    "FigureTable",
    "Handle",
    "LineMark",
    "LinePoint",
    "Numbers",
    "Promise",
    "PromisePoint",
    "PromisedRate",
    "ReliabilityBin",
    "ScoreBin",
    "Tick",
    "contribution_bars",
    "coverage_rows",
    "day_strip",
    "decided_bars",
    "eps_curve",
    "line_plot",
    "promise_text",
    "reliability",
    "score_glyph",
    "score_histogram",
    "score_label",
    "score_scale",
    "sparkline",
]
