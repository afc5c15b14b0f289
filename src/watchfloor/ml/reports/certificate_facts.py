"""What each certificate promised over a stream, and what came of it, for a report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Q
from scipy import special

from watchfloor.core.conformal.certified import Certificate
from watchfloor.core.conformal.group_coverage import BAND_LEVEL, Band
from watchfloor.core.conformal.probability_bins import clopper_pearson
from watchfloor.core.decision.policy import Outcome, Reason
from watchfloor.ml.inference import serving
from watchfloor.ml.models import CalibrationSet, ScoredPrediction
from watchfloor.tenants.models import Tenant

AUTOMATIC = (Outcome.AUTO_TICKET, Outcome.SUPPRESSED_DUPLICATE)
# What the state of the model says; switches and caps say nothing about the promise.
OF_HEALTH = frozenset(
    {
        Reason.DRIFT_ALARM,
        Reason.EXCHANGEABILITY_LOST,
        Reason.CALIBRATION_STALE,
        Reason.CALIBRATION_TOO_SMALL,
        Reason.PROBABILITY_NOT_KNOWN_WELL,
    }
)
# So improbable a number of false tickets, were the promise kept, that it was not.
BROKEN_BELOW = 0.01


@dataclass(frozen=True, slots=True)
class Found:
    """
    Predictions of one kind, and what their outcomes turned out to be.

    Args:
        n: all of them.
        n_known: those whose outcome is known.
        n_false: those whose event did not happen.
    """

    n: int
    n_known: int
    n_false: int

    @property
    def false_share(self) -> float | None:
        """The share of false ones among those known; None while nothing is known."""
        return self.n_false / self.n_known if self.n_known else None

    @property
    def band(self) -> Band:
        """The exact 95 % interval of the true share of false ones; [0, 1] without outcomes."""
        return Band(*clopper_pearson(self.n_false, self.n_known, level=BAND_LEVEL))


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Predictions in the certified region that went to a person for one reason of health."""

    reason: str
    since: datetime
    found: Found


@dataclass(frozen=True, slots=True)
class Kept:
    """
    One certificate for automatic tickets beside the tickets that it opened.

    Args:
        automatic: what was acted on by itself.
        chance: of so many false tickets or more if the promised share were the true one;
            None while no outcome is known.
        held_back: what the state of the model kept from acting, by reason; its false share
            is what the tickets would have been worth.
    """

    calibration_hash: str
    model_version: str
    cut_at: datetime
    certificate: Certificate
    automatic: Found
    chance: float | None
    held_back: tuple[HeldBack, ...]

    @property
    def is_broken(self) -> bool:
        """True when the false tickets are too many to be chance at the promised share."""
        return self.chance is not None and self.chance < BROKEN_BELOW


def kept(table: type[ScoredPrediction], *, tenant: Tenant, model_type: str) -> tuple[Kept, ...]:
    """Return every certificate under which predictions were decided, oldest first."""
    rows = CalibrationSet.objects.for_tenant(tenant).filter(model_version__model_type=model_type)
    first_of: dict[str, CalibrationSet] = {}
    for row in rows.select_related("model_version").order_by("created_at", "id"):
        first_of.setdefault(row.sha256, row)
    return tuple(_kept(table, tenant, row) for row in first_of.values())


def _kept(table: type[ScoredPrediction], tenant: Tenant, row: CalibrationSet) -> Kept:
    certificate = serving.calibration_of(tenant=tenant, sha256=row.sha256).ticket
    decided = _decided(table, tenant, row, certificate)
    automatic = _found([outcome for _, decision, _, outcome in decided if decision in AUTOMATIC])
    return replace(_kept_of(row, certificate, automatic), held_back=_held_back(decided))


def kept_of_actions(
    table: type[ScoredPrediction], *, tenant: Tenant, model_type: str
) -> tuple[Kept, ...]:
    """
    Return every certificate under which something was acted on, newest first.

    What was held back is left out, so the cost grows with the actions, which caps keep few; and
    so is a certificate that can no longer be read.
    """
    acted = _acted(table, tenant, model_type)
    rows = CalibrationSet.objects.for_tenant(tenant).filter(sha256__in=acted.keys())
    first_of: dict[str, CalibrationSet] = {}
    for row in rows.select_related("model_version").order_by("created_at", "id"):
        first_of.setdefault(row.sha256, row)
    return tuple(
        _kept_of(row, calibration.ticket, acted[row.sha256])
        for row in reversed(first_of.values())
        if (calibration := serving.find_calibration(tenant=tenant, sha256=row.sha256)) is not None
    )


def _acted(table: type[ScoredPrediction], tenant: Tenant, model_type: str) -> dict[str, Found]:
    rows = table._default_manager.filter(
        tenant_id=tenant.pk, model_type=model_type, decision__in=AUTOMATIC
    )
    counts = (
        rows.order_by()
        .values_list("calibration_hash")
        .annotate(
            n=Count("id"), n_known=Count("outcome"), n_false=Count("id", filter=Q(outcome__lt=0.5))
        )
    )
    return {digest: Found(n, known, false) for digest, n, known, false in counts}


def _kept_of(row: CalibrationSet, certificate: Certificate, automatic: Found) -> Kept:
    return Kept(
        calibration_hash=row.sha256,
        model_version=row.model_version.version,
        cut_at=row.created_at,
        certificate=certificate,
        automatic=automatic,
        chance=_chance(automatic, certificate.eps),
        held_back=(),
    )


_Decided = tuple[datetime, str, str, float | None]


def _decided(
    table: type[ScoredPrediction], tenant: Tenant, row: CalibrationSet, certificate: Certificate
) -> Sequence[_Decided]:
    """Return what was decided in the certified region, in the order of the events."""
    if certificate.threshold is None:
        return ()
    rows = table._default_manager.filter(
        tenant_id=tenant.pk,
        model_type=row.model_version.model_type,
        calibration_hash=row.sha256,
        score__gte=certificate.threshold,
    )
    columns = rows.order_by("occurred_at", "id").values_list(
        "occurred_at", "decision", "reason", "outcome"
    )
    return list(columns)


def _held_back(decided: Sequence[_Decided]) -> tuple[HeldBack, ...]:
    of_reason: dict[str, list[_Decided]] = {}
    for each in decided:
        if each[2] in OF_HEALTH:
            of_reason.setdefault(each[2], []).append(each)
    return tuple(
        HeldBack(reason, rows[0][0], _found([outcome for *_, outcome in rows]))
        for reason, rows in sorted(of_reason.items())
    )


def _found(outcomes: Sequence[float | None]) -> Found:
    known = [outcome for outcome in outcomes if outcome is not None]
    return Found(len(outcomes), len(known), sum(outcome < 0.5 for outcome in known))


def _chance(automatic: Found, eps: float) -> float | None:
    if not automatic.n_known:
        return None
    if automatic.n_false == 0:
        return 1.0
    return float(special.bdtrc(automatic.n_false - 1, automatic.n_known, eps))
