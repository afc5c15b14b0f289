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
from watchfloor.entrypoints.console.figures.day_strip import (
    DayMark,
    DayPoint,
    Promise,
    day_strip,
)
from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.histogram import ScoreBin, score_histogram
from watchfloor.entrypoints.console.figures.reliability import ReliabilityBin, reliability
from watchfloor.entrypoints.console.figures.score_glyph import (
    DrawnScore,
    Tick,
    score_glyph,
    score_label,
    score_scale,
)
from watchfloor.entrypoints.console.figures.sparkline import sparkline

__all__ = [
    "Contribution",
    "ContributionBar",
    "DayMark",
    "DayPoint",
    "DrawnScore",
    "Figure",
    "FigureTable",
    "Promise",
    "ReliabilityBin",
    "ScoreBin",
    "Tick",
    "contribution_bars",
    "day_strip",
    "reliability",
    "score_glyph",
    "score_histogram",
    "score_label",
    "score_scale",
    "sparkline",
]
