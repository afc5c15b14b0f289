"""Watches over thresholds that moved: started with the move, looked at once, a day later."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.coverage import NO_CALIBRATION, ScoredCounts
from watchfloor.core.decision.simulation.history import History, history_of
from watchfloor.core.errors import NotFound
from watchfloor.ledger import due, outbox
from watchfloor.ml.inference import serving
from watchfloor.noc.intake import logs
from watchfloor.noc.models import ThresholdAuditLog, ThresholdProposal, ThresholdWatch
from watchfloor.noc.models.thresholds import WatchState
from watchfloor.tenants.models import Tenant

LENGTH = timedelta(days=1)
THRESHOLD_WATCH = "threshold_watch"


def start(
    *, tenant: Tenant, model_type: str, changes: Sequence[ThresholdAuditLog], now: datetime
) -> ThresholdWatch:
    """Begin to watch what was just moved, and plan the look."""
    row = ThresholdWatch.objects.create(
        tenant=tenant,
        model_type=model_type,
        changes=[each.pk for each in changes],
        started_at=now,
        due_at=now + LENGTH,
    )
    due.plan(
        tenant=tenant,
        kind=THRESHOLD_WATCH,
        dedupe_key=f"{THRESHOLD_WATCH}:{row.pk}",
        due_at=row.due_at,
        payload={"watch_id": row.pk},
    )
    return row


def get_watch(*, tenant: Tenant, watch_id: int) -> ThresholdWatch:
    """
    Return one watch.

    Raises:
        NotFound: this tenant has no such watch.
    """
    row = ThresholdWatch.objects.for_tenant(tenant).filter(pk=watch_id).first()
    if row is None:
        raise NotFound(f"threshold watch {watch_id} does not exist")
    return row


def watches(
    *, tenant: Tenant, limit: int, after: int | None = None, model_type: str = ""
) -> list[ThresholdWatch]:
    """Return watches, newest first, behind the one of an id."""
    rows = ThresholdWatch.objects.for_tenant(tenant)
    if model_type:
        rows = rows.filter(model_type=model_type)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return list(rows.select_related("proposal").order_by("-pk")[:limit])


def changes_of(*, tenant: Tenant, watch: ThresholdWatch) -> list[ThresholdAuditLog]:
    """Return the changes that are watched, in their order."""
    rows = ThresholdAuditLog.objects.for_tenant(tenant).filter(pk__in=watch.changes)
    return list(rows.order_by("seq"))


def is_overtaken(*, tenant: Tenant, changes: Sequence[ThresholdAuditLog]) -> bool:
    """Return whether one of the thresholds moved again after the changes."""
    last = changes[-1]
    later = ThresholdAuditLog.objects.for_tenant(tenant).filter(
        scope_kind=last.scope_kind, scope_id=last.scope_id, seq__gt=last.seq
    )
    return later.filter(key__in=[each.key for each in changes]).exists()


def settle(
    watch: ThresholdWatch,
    *,
    state: WatchState,
    findings: Sequence[Mapping[str, Any]],
    proposal: ThresholdProposal | None,
    now: datetime,
) -> bool:
    """Write down what came, once; False where another look was faster."""
    won = ThresholdWatch.objects.filter(pk=watch.pk, state=WatchState.RUNNING).update(
        state=state, findings=[dict(each) for each in findings], proposal=proposal, checked_at=now
    )
    if won:
        outbox.publish(
            tenant=watch.tenant,
            kind="threshold.watched",
            data={"id": watch.pk, "model_type": watch.model_type, "state": state.value},
            now=now,
        )
    return bool(won)


def history_since(*, tenant: Tenant, model_type: str, since: datetime, until: datetime) -> History:
    """
    Return the scored predictions of events in [since, until) as a history of that span.

    Read from the log and counted by the database: a day of it, as the rollup knows only whole
    local days. A calibration that cannot be read is taken for none.
    """
    rows = logs.table_of(logs.log_of(model_type))._default_manager.filter(
        tenant_id=tenant.pk,
        model_type=model_type,
        occurred_at__gte=since,
        occurred_at__lt=until,
        score__isnull=False,
    )
    counted = list(
        rows.order_by().values_list("score", "calibration_hash", "outcome").annotate(n=Count("id"))
    )
    sets: list[Calibration] = []
    at: dict[str, int] = {}
    for digest in sorted({digest for _, digest, *_ in counted}):
        found = serving.find_calibration(tenant=tenant, sha256=digest) if digest else None
        at[digest] = NO_CALIBRATION if found is None else len(sets)
        sets += [found] if found is not None else []
    n = np.array([n for *_, n in counted], dtype=np.int64)
    outcome = np.array([np.nan if y is None else y for _, _, y, _ in counted], dtype=np.float64)
    counts = ScoredCounts(
        scores=np.array([score for score, *_ in counted], dtype=np.float64),
        calibration=np.array([at[digest] for _, digest, *_ in counted], dtype=np.int64),
        clean=np.where(outcome < 0.5, n, 0),
        event=np.where(outcome >= 0.5, n, 0),
        unknown=np.where(np.isnan(outcome), n, 0),
    )
    return history_of(counts, sets, days=max(1, round((until - since) / LENGTH)))
