"""Thresholds as those who turn them see them: in force, default, and every turn so far."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet

from watchfloor.core.errors import NotFound
from watchfloor.core.thresholds import SPECS, ThresholdSpec
from watchfloor.ml.inference import model_queries
from watchfloor.noc.decision.thresholds import MODEL_TYPE
from watchfloor.noc.models import Threshold, ThresholdAuditLog
from watchfloor.noc.queries import prediction_queries
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.paging import Page, Place, page_of


@dataclass(frozen=True, slots=True)
class ThresholdInForce:
    """One number of one model type: what it is, its value, and the version it was read at."""

    spec: ThresholdSpec
    value: float
    # 0 while the default is in force
    version: int
    changed_at: datetime | None

    @property
    def is_default(self) -> bool:
        """Whether the value is the one everybody starts with."""
        return self.value == self.spec.default


def thresholds_of(*, tenant: Tenant, model_type: str) -> list[ThresholdInForce]:
    """Return every threshold of a model type, in the order of the registry; one query."""
    rows = Threshold.objects.for_tenant(tenant).filter(scope_kind=MODEL_TYPE, scope_id=model_type)
    own = {row.key: row for row in rows}
    return [_in_force(spec, own.get(key)) for key, spec in SPECS.items()]


def get_threshold(*, tenant: Tenant, model_type: str, key: str) -> ThresholdInForce:
    """
    Return one threshold.

    Raises:
        NotFound: nobody registered that key.
    """
    if key not in SPECS:
        raise NotFound(f"threshold {key!r} does not exist")
    return next(
        each for each in thresholds_of(tenant=tenant, model_type=model_type) if each.spec.key == key
    )


@dataclass(frozen=True, slots=True)
class Registered:
    """One threshold of one model type, by the name that programs ask for it."""

    model_type: str
    in_force: ThresholdInForce
    last_changed_by: str

    @property
    def id(self) -> str:
        """Model type and key."""
        return f"{self.model_type}.{self.key}"

    @property
    def key(self) -> str:
        """Of the registry."""
        return self.in_force.spec.key

    @property
    def spec(self) -> ThresholdSpec:
        """What it is."""
        return self.in_force.spec

    @property
    def value(self) -> float:
        """In force now."""
        return self.in_force.value

    @property
    def is_default(self) -> bool:
        """Whether it stands where everybody starts."""
        return self.in_force.is_default

    @property
    def version(self) -> int:
        """To be sent back with a change."""
        return self.in_force.version

    @property
    def changed_at(self) -> datetime | None:
        """None while it was never moved."""
        return self.in_force.changed_at


def registered(*, tenant: Tenant, model_type: str = "") -> list[Registered]:
    """Return every threshold of a tenant, or of one model type; none for an unknown one."""
    names = [name for name in known_types(tenant) if model_type in ("", name)]
    last = _last_actors(tenant)
    return [
        Registered(name, each, last.get((name, each.spec.key), ""))
        for name in names
        for each in thresholds_of(tenant=tenant, model_type=name)
    ]


def known_types(tenant: Tenant) -> list[str]:
    """Return the model types that were predicted, are served, or have a threshold of their own."""
    moved = Threshold.objects.for_tenant(tenant).filter(scope_kind=MODEL_TYPE)
    cards = model_queries.model_cards(
        tenant=tenant, model_types=prediction_queries.model_types(tenant)
    )
    names = moved.order_by().values_list("scope_id", flat=True).distinct()
    return sorted({*names, *(card.model_type for card in cards)})


def refuse_unknown(*, tenant: Tenant, model_type: str) -> None:
    """Raise NotFound where a tenant has no such model type."""
    if model_type not in known_types(tenant):
        raise NotFound(f"model type {model_type!r} does not exist")


def get_registered(*, tenant: Tenant, threshold_id: str) -> Registered:
    """
    Return one threshold by its id.

    Raises:
        NotFound: this tenant has no such model type, or nobody registered that key.
    """
    model_type, _, key = threshold_id.rpartition(".")
    if key not in SPECS or model_type not in known_types(tenant):
        raise NotFound(f"threshold {threshold_id!r} does not exist")
    found = get_threshold(tenant=tenant, model_type=model_type, key=key)
    return Registered(model_type, found, _last_actors(tenant).get((model_type, key), ""))


def _last_actors(tenant: Tenant) -> dict[tuple[str, str], str]:
    """Return who moved each threshold last."""
    rows = ThresholdAuditLog.objects.for_tenant(tenant).filter(scope_kind=MODEL_TYPE)
    newest = rows.order_by().values("scope_id", "key").annotate(newest=Max("seq"))
    last = rows.filter(seq__in=[each["newest"] for each in newest])
    return {(row.scope_id, row.key): row.actor for row in last}


def _in_force(spec: ThresholdSpec, row: Threshold | None) -> ThresholdInForce:
    if row is None:
        return ThresholdInForce(spec, spec.default, 0, None)
    return ThresholdInForce(spec, row.value, row.version, row.changed_at)


def change_page(
    *, tenant: Tenant, place: Place, model_type: str = "", key: str = ""
) -> Page[ThresholdAuditLog]:
    """Return a page of changes by their number in the chain, of all thresholds or of one."""
    rows = ThresholdAuditLog.objects.for_tenant(tenant)
    if model_type:
        rows = rows.filter(scope_kind=MODEL_TYPE, scope_id=model_type)
    if key:
        rows = rows.filter(key=key)
    return page_of(rows, place=place, key="seq")


def changes(
    *,
    tenant: Tenant,
    limit: int,
    after: int | None = None,
    model_type: str = "",
    key: str = "",
) -> list[ThresholdAuditLog]:
    """Return changes, newest first, behind the one of an id."""
    rows = _changes(tenant, model_type)
    if key:
        rows = rows.filter(key=key)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return list(rows.order_by("-pk")[:limit])


def all_changes(*, tenant: Tenant, model_type: str = "") -> list[ThresholdAuditLog]:
    """Return every change, oldest first."""
    return list(_changes(tenant, model_type).order_by("seq"))


def _changes(tenant: Tenant, model_type: str) -> QuerySet[ThresholdAuditLog]:
    rows = ThresholdAuditLog.objects.for_tenant(tenant)
    return rows.filter(scope_kind=MODEL_TYPE, scope_id=model_type) if model_type else rows


def get_change(*, tenant: Tenant, entry_id: int) -> ThresholdAuditLog:
    """
    Return one change.

    Raises:
        NotFound: this tenant has no such change.
    """
    row = ThresholdAuditLog.objects.for_tenant(tenant).filter(pk=entry_id).first()
    if row is None:
        raise NotFound(f"threshold change {entry_id} does not exist")
    return row
