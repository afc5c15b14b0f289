"""Which reviews of a day to look at first, with few false ones among them, averaged over days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from watchfloor.core.conformal import selection
from watchfloor.core.conformal.selection import BatchSelection
from watchfloor.core.errors import InvalidInput
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.ml.inference import serving
from watchfloor.noc.decision import thresholds
from watchfloor.noc.desk import shortlist
from watchfloor.noc.desk.shortlist import DayOfReviews
from watchfloor.noc.models import ReviewItem
from watchfloor.tenants.models import Tenant

PROMISE = "Averaged over days, at most this share of a shortlist is not confirmed."
NO_VERSION = "none"


class Objection(StrEnum):
    """Why a shortlist may not be held to its promise."""

    NO_MODEL = "no_model"
    DAY_NOT_OVER = "day_not_over"
    DRIFT_ALARM = "drift_alarm"
    TOO_FEW_KNOWN = "too_few_known"


@dataclass(frozen=True, slots=True)
class ShortlistEntry:
    """One review of the shortlist; `p_value` is how rarely one that is not real scores as high."""

    rank: int
    p_value: float
    item: ReviewItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist:
    """
    The shortlist of one model type and local day.

    Args:
        eps: promised share of false ones, averaged over days: the tenant's `eps_ticket`.
        n_batch: reviews of the day that were ranked, at all sites.
        n_known: earlier reviews with a known outcome that they were held against.
        fewest_known: how many of those one selected review of such a day needs.
        objection: why the promise does not hold; None where it does.
        entries: the selected ones at the sites that are seen, surest first.
    """

    model_type: str
    model_version: str
    day: date
    eps: float
    n_batch: int
    n_known: int
    fewest_known: int
    objection: Objection | None
    entries: tuple[ShortlistEntry, ...]


def shortlist_of_day(
    *,
    tenant: Tenant,
    model_type: str,
    now: datetime,
    day: date | None = None,
    site_ids: frozenset[int] | None = None,
) -> Shortlist:
    """
    Return the shortlist of a local day.

    A day is one batch, ranked once: the same reviews in a second batch would void the promise.
    So the default is yesterday, and a look at today in between is marked as not yet promised.

    Args:
        day: local day of the tenant; None for the last one that is over.
        site_ids: the sites somebody may see; None for every site and what has no site.

    Raises:
        InvalidInput: a day that has not begun.
    """
    today = local_day(now, tenant.zone)
    day = day or today - timedelta(days=1)
    if day > today:
        raise InvalidInput(field="day", value=day.isoformat(), expected="a day that has begun")
    model = serving.serving_model(tenant=tenant, model_type=model_type)
    version = model.version if model else NO_VERSION
    start, end = day_bounds(day, tenant.zone)
    batch = shortlist.reviews_of_day(
        tenant=tenant, model_type=model_type, version=version, start=start, end=end
    )
    eps = thresholds.values_in_force(tenant=tenant, model_type=model_type)["eps_ticket"]
    needed = selection.fewest_known(len(batch.items), eps=eps)
    objection = _objection(
        has_model=model is not None,
        is_over=end <= now,
        drift_alarm=model is not None and model.drift_alarm,
        enough=len(batch.known_scores) >= needed,
    )
    return Shortlist(
        model_type=model_type,
        model_version=version,
        day=day,
        eps=eps,
        n_batch=len(batch.items),
        n_known=len(batch.known_scores),
        fewest_known=needed,
        objection=objection,
        entries=_entries(batch, _selected(batch, eps=eps), site_ids=site_ids),
    )


def find_rank(
    *, tenant: Tenant, item: ReviewItem, now: datetime, site_ids: frozenset[int] | None = None
) -> int | None:
    """Return the rank of a review on the shortlist of its day, once that day is over."""
    day = local_day(item.created_at, tenant.zone)
    if item.score is None or day >= local_day(now, tenant.zone):
        return None
    found = shortlist_of_day(
        tenant=tenant, model_type=item.model_type, day=day, site_ids=site_ids, now=now
    )
    return next((entry.rank for entry in found.entries if entry.item.pk == item.pk), None)


def _objection(
    *, has_model: bool, is_over: bool, drift_alarm: bool, enough: bool
) -> Objection | None:
    if not has_model:
        return Objection.NO_MODEL
    if drift_alarm:
        return Objection.DRIFT_ALARM
    if not is_over:
        return Objection.DAY_NOT_OVER
    return None if enough else Objection.TOO_FEW_KNOWN


def _selected(batch: DayOfReviews, *, eps: float) -> BatchSelection:
    return selection.batch_select(
        batch.scores,
        known_scores=batch.known_scores,
        known_outcomes=batch.known_outcomes,
        eps=eps,
    )


def _entries(
    batch: DayOfReviews, found: BatchSelection, *, site_ids: frozenset[int] | None
) -> tuple[ShortlistEntry, ...]:
    return tuple(
        ShortlistEntry(rank, found.p_values[place], batch.items[place])
        for rank, place in enumerate(found.selected, 1)
        if site_ids is None or batch.items[place].site_id in site_ids
    )
