"""A model's calibration sets as its page lists them: whence, how many, what they promise."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.entrypoints.console import drawing
from watchfloor.entrypoints.console.wording import (
    count_text,
    number_text,
    percent_text,
    score_text,
    span_text,
)
from watchfloor.ml.calibration import calibration_sets
from watchfloor.ml.calibration.calibration_sets import ListedSet
from watchfloor.ml.models import CutReason
from watchfloor.tenants.models import Tenant

SETS = 8


def calibrations(*, tenant: Tenant, model_type: str, now: datetime) -> dict[str, Any]:
    """Return the newest sets of a model type and what those of this quarter risked."""
    listed = calibration_sets.sets_of(tenant=tenant, model_type=model_type, limit=SETS)
    spent = calibration_sets.delta_spent(tenant=tenant, model_type=model_type, now=now)
    return {
        "calibrations": [_row(one) for one in listed],
        "spent": {
            "since": spent.since,
            "sets": count_text(spent.n_sets),
            "sum": number_text(spent.spent, decimals=2),
        },
    }


def _row(one: ListedSet) -> dict[str, Any]:
    row, found = one.row, one.calibration
    return {
        "row": row,
        "is_readable": one.is_readable,
        "is_serving": one.is_serving,
        "reason": CutReason(row.reason).label if row.reason else gettext("not kept"),
        "source": drawing.words_of(row.source),
        "n_effective": (
            number_text(row.n_effective, decimals=0)
            if row.n_effective is not None and row.n_effective < row.n
            else ""
        ),
        "levels": _levels(row.levels),
        "widths": _widths(one.outcome_widths),
        "tickets": _certified(found.certified_from if found else None, row.eps_ticket),
        "clearing": _certified(found.clear_below if found else None, row.eps_clear),
        "self_test": _self_test(one),
        "failed": row.self_test_passed is False,
        "facts": list(_facts(one)),
    }


def _levels(levels: dict[str, Any]) -> str:
    """Return in how many bins each level is promised, in words."""
    if not levels:
        return gettext("not kept")
    return ", ".join(
        gettext("%(level)s %% in %(n)s of %(bins)s bins")
        % {"level": level, "n": levels["promised"][str(level)], "bins": levels["bins"]}
        for level in LEVELS
    )


def _widths(widths: Mapping[int, float | None]) -> str:
    """Return the half-widths over all predictions together, in words; nothing without any."""
    return ", ".join(
        gettext("%(level)s %% within %(width)s") % {"level": level, "width": score_text(width)}
        for level, width in widths.items()
        if width is not None
    )


def _certified(score: float | None, eps: float | None) -> str:
    if score is None:
        return gettext("nothing at %(eps)s") % {"eps": percent_text(eps)}
    return gettext("%(score)s at %(eps)s") % {
        "score": score_text(score),
        "eps": percent_text(eps),
    }


def _self_test(one: ListedSet) -> str:
    told = one.row.self_test
    if not told or told["passed"] is None:
        return gettext("too few rows to say")
    broken = [check for check in told["checks"] if not check["passed"]]
    if not broken:
        return gettext("passed, %(n)s checks") % {"n": count_text(told["n_checks"])}
    first = broken[0]
    return gettext("failed: %(promise)s, kept by %(kept)s of %(n)s, at least %(fewest)s") % {
        "promise": _promise(first),
        "kept": count_text(first["kept"]),
        "n": count_text(first["n"]),
        "fewest": count_text(first["fewest"]),
    }


def _promise(check: dict[str, Any]) -> str:
    if check["level"] is not None:
        return gettext("%(level)s %% from score %(score)s") % {
            "level": check["level"],
            "score": score_text(check["from_score"]),
        }
    return gettext("tickets") if check["promise"] == "ticket" else gettext("clearing")


def _facts(one: ListedSet) -> Iterator[tuple[str, str]]:
    """Yield what else is known of where the rows came from, name and words; a gap is left out."""
    row, told = one.row, one.row.provenance
    yield from _given(
        (gettext("Rule"), row.cohort_rule),
        (gettext("Outcomes take"), _text(row.label_delay_s, span_text)),
        (gettext("Known of what was asked"), _text(told.get("asked_known"), percent_text)),
        (gettext("Quiet rest spoken for"), _text(told.get("quiet_known"), percent_text)),
        (gettext("Different things"), _text(told.get("entities"), count_text)),
    )
    for why, n in told.get("left_out", {}).items():
        yield gettext("Left out: %(why)s") % {"why": why}, count_text(n)
    yield from _given(
        (gettext("Training rows"), told.get("training_overlap", "")),
        (gettext("Loaded by"), told.get("loaded_by", "")),
        (gettext("Rows"), row.rows_sha256[:16]),
    )


def _given(*facts: tuple[str, str]) -> Iterator[tuple[str, str]]:
    yield from (fact for fact in facts if fact[1])


def _text(value: Any, words: Callable[[Any], str]) -> str:
    return "" if value is None else words(value)
