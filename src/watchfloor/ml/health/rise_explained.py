"""Why the errors of an episode have risen, as far as a changed share of events explains it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from watchfloor.core.drift.prior_shift import ShareShift, explain_rise
from watchfloor.ml.models import OutcomeRecord
from watchfloor.ml.predictions import outcomes
from watchfloor.tenants.models import Tenant

FEWEST_BEFORE, FEWEST_SINCE = 50, 30


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is said of a rise: a sentence to add, empty without one, and its evidence."""

    words: str
    evidence: dict[str, Any]


def explain(
    since: Sequence[OutcomeRecord],
    *,
    tenant: Tenant,
    model_type: str,
    changed_at: datetime,
    threshold: float,
    base_error: float,
) -> Explanation:
    """
    Return what a changed share of events has to do with an open episode.

    Args:
        since: known outcomes of its events; no label counts before it was known.
        changed_at: when the errors began to rise.
        base_error: the error the version was trusted with.
    """
    n, events = outcomes.events_known_before(
        tenant=tenant, model_type=model_type, before=changed_at
    )
    scored = [record for record in since if record.score is not None]
    if n < FEWEST_BEFORE or len(scored) < FEWEST_SINCE:
        return Explanation("", {})
    shift = explain_rise(
        np.array([record.score for record in scored], dtype=np.float64),
        np.array([record.value for record in scored], dtype=np.float64),
        threshold=threshold,
        share_before=events / n,
        base_error=base_error,
    )
    return Explanation(_words(shift), _evidence(shift))


def _words(shift: ShareShift) -> str:
    if not shift.is_prior_shift:
        return ""
    way = "rarer" if shift.since < shift.before else "more common"
    return (
        f" Prior shift: events have become {way}, {shift.before:.0%} of known outcomes before and "
        f"{shift.since:.0%} since; told so, the same scores would be wrong in "
        f"{shift.errors_if_told:.0%} of cases and not in {shift.errors:.0%}."
    )


def _evidence(shift: ShareShift) -> dict[str, Any]:
    return {
        "event_share_before": shift.before,
        "event_share_since": shift.since,
        "errors_if_share_were_told": shift.errors_if_told,
        "explained_by_event_share": shift.explained,
        "is_prior_shift": shift.is_prior_shift,
    }
