"""The thresholds in force and proposed ones, replayed over the log with caps and repeats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from watchfloor.core.decision.simulation.replay import Replayed
from watchfloor.core.errors import InvalidInput
from watchfloor.core.thresholds import SHAPING, checked
from watchfloor.noc.decision import replays
from watchfloor.noc.queries import threshold_simulation
from watchfloor.noc.queries.threshold_simulation import Past
from watchfloor.tenants.models import Tenant

LIMITS = ("dedup_hours", "ticket_cap", "site_ticket_cap", "breaker_cap")


@dataclass(frozen=True, slots=True)
class ExactAnswer:
    """Both policies on the very same predictions of whole local days, both included."""

    first: date
    last: date
    n: int
    before: Replayed
    after: Replayed


def replay_exactly(
    *, tenant: Tenant, model_type: str, changes: Mapping[str, float], weeks: int, now: datetime
) -> ExactAnswer:
    """
    Return what thresholds and limits do with each logged prediction, in its order.

    As if tickets were on and no alarm open; caps, breaker and repeats as each meets them.

    Raises:
        InvalidInput: a threshold that is neither decided by nor a limit, a value out of its
            range, or weeks that do not fit.
        NotFound: this tenant has no such model type.
        NotReady: there are more predictions than one waits for.
    """
    past = threshold_simulation.read_past(
        tenant=tenant, model_type=model_type, weeks=weeks, now=now
    )
    return replay_past(tenant=tenant, past=past, changes=changes)


def replay_past(*, tenant: Tenant, past: Past, changes: Mapping[str, float]) -> ExactAnswer:
    """
    Return the same for a past that was read before.

    Raises:
        InvalidInput, NotReady: as `replay_exactly`.
    """
    proposed = {**past.values, **{key: _value(key, value) for key, value in changes.items()}}
    found = replays.read_stream(
        tenant=tenant,
        model_type=past.model_type,
        version=past.version,
        first=past.first,
        last=past.last,
    )
    before, after = (
        found.decided(past.policy(values), replays.limits_of(values))
        for values in (past.values, proposed)
    )
    return ExactAnswer(past.first, past.last, len(found.outcomes), before, after)


def _value(key: str, value: float) -> float:
    if key not in (*SHAPING, *LIMITS):
        known = ", ".join((*SHAPING, *LIMITS))
        raise InvalidInput(field=key, value=value, expected=f"one of {known}")
    return checked(key, value)
