"""Thresholds as those who turn them see them: in force, default, and every turn so far."""

from dataclasses import dataclass
from datetime import datetime

from watchfloor.core.errors import NotFound
from watchfloor.core.thresholds import SPECS, ThresholdSpec
from watchfloor.noc.decision.thresholds import MODEL_TYPE
from watchfloor.noc.models import Threshold, ThresholdAuditLog
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
