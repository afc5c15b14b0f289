"""Every table of the coverage page, by the name its file has."""

from collections.abc import Callable

from watchfloor.entrypoints.console import automation_numbers, coverage_numbers
from watchfloor.entrypoints.console.coverage_numbers import Names
from watchfloor.entrypoints.console.figures import Numbers
from watchfloor.noc.queries.model_coverage import ModelCoverage

PARTS: dict[str, Callable[[ModelCoverage, Names], Numbers]] = {
    "groups": coverage_numbers.groups,
    "bands": coverage_numbers.bands,
    "weeks": coverage_numbers.weeks,
    "sites": coverage_numbers.sites,
    "calibrations": coverage_numbers.sets,
    "reliability": coverage_numbers.reliability,
    "decisions": automation_numbers.decisions,
    "certificates": automation_numbers.certificates,
    "ticket-promises": automation_numbers.ticket_promises,
    "clear-promises": automation_numbers.clear_promises,
    "live": automation_numbers.live,
    "estimates": coverage_numbers.estimates,
    "estimate-weeks": coverage_numbers.estimate_weeks,
    "estimate-widths": coverage_numbers.estimate_widths,
    "widths": automation_numbers.widths,
}
"""Every table of the page, by the name its file has."""
