"""What is known about the models of one tenant, for those who watch over them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.probability_bins import clopper_pearson
from watchfloor.core.errors import NotFound
from watchfloor.core.lifecycle.rollback import PairedWatch
from watchfloor.ml.inference import serving
from watchfloor.ml.models import (
    CalibrationSet,
    Deployment,
    ModelPerformanceMetrics,
    ModelVersion,
    PerformanceMonitor,
    RetrainJob,
    RollbackWatch,
)
from watchfloor.ml.models.retrain import ACTIVE_STATES
from watchfloor.ml.versions import registry
from watchfloor.tenants.models import Tenant

LEVEL = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of n cases with its exact 95 % interval; None where no case is known."""

    value: float | None
    lower: float | None
    upper: float | None
    n: int


@dataclass(frozen=True, slots=True)
class ModelCard:
    """
    What serves one model type, and how it stands.

    Args:
        calibration: that decides; None without one, and where its bytes are gone or damaged.
    """

    model_type: str
    deployment: Deployment | None
    version: ModelVersion | None
    calibration: Calibration | None
    calibrated_at: datetime | None
    calibrated_from: str
    calibration_unreadable: bool
    alarmed_at: datetime | None
    active_job: RetrainJob | None
    watch: RollbackWatch | None

    @property
    def can_roll_back(self) -> bool:
        """Whether another stack than the serving one was known good."""
        found = self.deployment
        return (
            found is not None
            and found.stack_id is not None
            and found.last_known_good_id is not None
            and found.last_known_good_id != found.stack_id
        )

    @property
    def needs_first_model(self) -> bool:
        """Whether nothing serves this model type yet."""
        return self.version is None


@dataclass(frozen=True, slots=True)
class MetricDay:
    """One local day of a model type, all its versions together."""

    day: date
    n: int
    accuracy: Rate
    coverage_95: Rate
    precision: Rate
    recall: Rate


@dataclass(frozen=True, slots=True)
class FleetDay:
    """
    One local day of all models of a tenant together.

    Args:
        decided: predictions; `automated` of them were handled without a person.
        judged: outcomes known of predictions with an interval; `covered` lay inside at 95 %.
    """

    day: date
    decided: int
    automated: int
    covered: int
    judged: int


def model_cards(*, tenant: Tenant, model_types: Iterable[str] = ()) -> list[ModelCard]:
    """
    Return a card for each model type that has a deployment, and for the named ones.

    Args:
        model_types: types that are predicted although nothing serves them.
    """
    deployments = {row.model_type: row for row in registry.deployments_of(tenant)}
    digests = [row.stack.calibration_sha256 for row in deployments.values() if row.stack]
    sets = _calibrations_by_digest(tenant, digests)
    alarms = _alarms(tenant)
    jobs = {
        job.model_type: job
        for job in RetrainJob.objects.for_tenant(tenant).filter(state__in=ACTIVE_STATES)
    }
    watches = {
        watch.model_type: watch
        for watch in RollbackWatch.objects.for_tenant(tenant).filter(state="watching")
    }
    return [
        _card(tenant, name, deployments.get(name), sets, alarms, jobs.get(name), watches.get(name))
        for name in sorted({*deployments, *model_types})
    ]


def _calibrations_by_digest(tenant: Tenant, digests: Iterable[str]) -> Mapping[str, CalibrationSet]:
    rows = CalibrationSet.objects.for_tenant(tenant).filter(sha256__in=list(digests))
    return {row.sha256: row for row in rows.order_by("created_at")}


def _alarms(tenant: Tenant) -> Mapping[tuple[str, str], datetime | None]:
    rows = PerformanceMonitor.objects.for_tenant(tenant).filter(alarmed_at__isnull=False)
    return {(row.model_type, row.model_version): row.alarmed_at for row in rows}


def _card(
    tenant: Tenant,
    model_type: str,
    deployment: Deployment | None,
    sets: Mapping[str, CalibrationSet],
    alarms: Mapping[tuple[str, str], datetime | None],
    job: RetrainJob | None,
    watch: RollbackWatch | None,
) -> ModelCard:
    stack = deployment.stack if deployment is not None else None
    version = stack.model_version if stack is not None else None
    digest = stack.calibration_sha256 if stack is not None else ""
    stored = sets.get(digest)
    calibration = serving.find_calibration(tenant=tenant, sha256=digest)
    return ModelCard(
        model_type=model_type,
        deployment=deployment,
        version=version,
        calibration=calibration,
        calibrated_at=stored.created_at if stored else None,
        calibrated_from=stored.source if stored else "",
        calibration_unreadable=bool(digest) and calibration is None,
        alarmed_at=alarms.get((model_type, version.version)) if version else None,
        active_job=job,
        watch=watch,
    )


def get_card(*, tenant: Tenant, model_type: str, is_predicted: bool) -> ModelCard:
    """
    Return the card of one model type.

    Args:
        is_predicted: predictions of this type exist, so it has a card without a deployment.

    Raises:
        NotFound: this tenant neither serves nor predicts it.
    """
    cards = model_cards(tenant=tenant, model_types=[model_type] if is_predicted else [])
    card = next((card for card in cards if card.model_type == model_type), None)
    if card is None:
        raise NotFound(f"model type {model_type!r} does not exist")
    return card


def serving_set_of(card: ModelCard) -> str:
    """Return the digest of the calibration that decides now; empty without one."""
    stack = card.deployment.stack if card.deployment is not None else None
    return stack.calibration_sha256 if stack is not None else ""


def metric_strip(*, tenant: Tenant, model_type: str, last_day: date, days: int) -> list[MetricDay]:
    """Return `days` local days up to the last one, ascending, none left out; one query."""
    first = last_day - timedelta(days=days - 1)
    rows = ModelPerformanceMetrics.objects.for_tenant(tenant).filter(
        model_type=model_type, metric_date__gte=first, metric_date__lte=last_day
    )
    by_day: dict[date, list[ModelPerformanceMetrics]] = {}
    for row in rows:
        by_day.setdefault(row.metric_date, []).append(row)
    wanted = [first + timedelta(days=k) for k in range(days)]
    return [_metric_day(day, by_day.get(day, [])) for day in wanted]


def _metric_day(day: date, rows: list[ModelPerformanceMetrics]) -> MetricDay:
    tp, fp = sum(r.true_positives for r in rows), sum(r.false_positives for r in rows)
    tn, fn = sum(r.true_negatives for r in rows), sum(r.false_negatives for r in rows)
    judged = sum(r.predictions_with_outcomes for r in rows if r.coverage_95 is not None)
    return MetricDay(
        day=day,
        n=sum(r.total_predictions for r in rows),
        accuracy=rate(tp + tn, tp + fp + tn + fn),
        coverage_95=rate(round(_inside(rows)), judged),
        precision=rate(tp, tp + fp),
        recall=rate(tp, tp + fn),
    )


def rate(k: int, n: int) -> Rate:
    """
    Return k of n as a share with its exact 95 % interval.

    >>> rate(0, 0).value is None, rate(19, 20).value
    (True, 0.95)
    """
    if n == 0:
        return Rate(None, None, None, 0)
    lower, upper = clopper_pearson(k, n, level=LEVEL)
    return Rate(k / n, lower, upper, n)


def fleet_days(*, tenant: Tenant, last_day: date, days: int) -> list[FleetDay]:
    """Return `days` local days of all models together, ascending, none left out; one query."""
    first = last_day - timedelta(days=days - 1)
    rows = ModelPerformanceMetrics.objects.for_tenant(tenant).filter(
        metric_date__gte=first, metric_date__lte=last_day
    )
    by_day: dict[date, list[ModelPerformanceMetrics]] = {}
    for row in rows:
        by_day.setdefault(row.metric_date, []).append(row)
    wanted = [first + timedelta(days=k) for k in range(days)]
    return [_fleet_day(day, by_day.get(day, [])) for day in wanted]


def _fleet_day(day: date, rows: list[ModelPerformanceMetrics]) -> FleetDay:
    return FleetDay(
        day=day,
        decided=sum(r.total_decisions for r in rows),
        automated=sum(r.automated_decisions for r in rows),
        covered=round(_inside(rows)),
        judged=sum(r.predictions_with_outcomes for r in rows if r.coverage_95 is not None),
    )


def _inside(rows: list[ModelPerformanceMetrics]) -> float:
    return sum((r.coverage_95 or 0.0) * r.predictions_with_outcomes for r in rows)


def watches_of(*, tenant: Tenant, model_type: str, limit: int = 10) -> list[RollbackWatch]:
    """Return the newest promotions with their watches and both stacks, newest first."""
    rows = RollbackWatch.objects.for_tenant(tenant).filter(model_type=model_type)
    rows = rows.select_related("job", "new_stack__model_version", "old_stack__model_version")
    return list(rows.order_by("-started_at", "-pk")[:limit])


def evidence_of(watch: RollbackWatch) -> PairedWatch:
    """
    Return what a watch has seen so far.

    Raises:
        ArtifactCorrupt: its stored state cannot be read.
    """
    return PairedWatch.from_bytes(bytes(watch.evidence))
