"""Everything that says whether the intervals and the automation of one model keep their word."""

from dataclasses import dataclass
from datetime import datetime

from watchfloor.core.conformal.eps_curve import EpsCurve, clear_curve, ticket_curve
from watchfloor.core.errors import InvalidInput
from watchfloor.core.local_time import local_day
from watchfloor.ml.calibration import calibration_sets
from watchfloor.ml.calibration.calibration_sets import DeltaSpent
from watchfloor.ml.coverage import (
    automation_queries,
    coverage_monitor,
    interval_widths,
    numeric_coverage,
)
from watchfloor.ml.coverage.automation_queries import DecidedWeek
from watchfloor.ml.coverage.coverage_monitor import LiveReport
from watchfloor.ml.coverage.coverage_queries import CoverageReport, coverage_report
from watchfloor.ml.coverage.coverage_window import Window, read_window
from watchfloor.ml.coverage.interval_widths import WidthCategory
from watchfloor.ml.coverage.numeric_coverage import NumberReport
from watchfloor.ml.health import drift_reports
from watchfloor.ml.inference import exchangeability_guard, model_queries
from watchfloor.ml.inference.model_queries import ModelCard
from watchfloor.ml.models import DriftReport
from watchfloor.ml.reports import certificate_facts
from watchfloor.ml.reports.certificate_facts import Kept
from watchfloor.noc.decision import thresholds
from watchfloor.noc.intake import logs
from watchfloor.tenants.models import Tenant

MOST_WEEKS = 104


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCoverage:
    """
    One model type over some weeks: what was promised, and what came of it.

    Args:
        report: coverage of the intervals, in every grouping.
        numbers: coverage of estimated numbers; None where none was estimated in these weeks.
        widths: narrow, wide and unknown intervals.
        decided: what was done with the predictions, week by week.
        certificates: those under which something was acted on, newest first.
        tickets, clearing: what could be certified at other promises: as the calibration that
            decides has it, or from the outcomes of the champion in these weeks where it kept
            none; None while no model serves.
        live: what the live monitor of the champion says; None before its first night.
        guard: the latest check whether outcomes still come as those of the serving set came.
        eps_ticket, eps_clear, delta: the promises the tenant asks for.
        delta_spent: what the sets of this quarter risked.
        serving_set: digest of the calibration that decides now; empty without one.
    """

    card: ModelCard
    report: CoverageReport
    numbers: NumberReport | None
    widths: tuple[WidthCategory, ...]
    decided: tuple[DecidedWeek, ...]
    certificates: tuple[Kept, ...]
    tickets: EpsCurve | None
    clearing: EpsCurve | None
    live: LiveReport | None
    guard: DriftReport | None
    eps_ticket: float
    eps_clear: float
    delta: float
    delta_spent: DeltaSpent
    serving_set: str


def model_coverage(
    *,
    tenant: Tenant,
    card: ModelCard,
    level: int,
    weeks: int,
    now: datetime,
    shown_set: str = "",
) -> ModelCoverage:
    """
    Return how one model type keeps its word over whole weeks up to the local day.

    Args:
        card: of the model type; `model_queries.get_card` finds it and refuses an unknown one.
        level: of the intervals: 90, 95 or 99, in percent.
        weeks: 1 to 104.
        shown_set: digest, or its beginning, of the calibration whose bins are shown.

    Raises:
        InvalidInput: level or weeks do not fit.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise InvalidInput(field="weeks", value=weeks, expected=f"1 to {MOST_WEEKS}")
    model_type = card.model_type
    values = thresholds.values_in_force(tenant=tenant, model_type=model_type)
    last = local_day(now, tenant.zone)
    window = read_window(tenant=tenant, model_type=model_type, last=last, weeks=weeks)
    table = logs.table_of(logs.log_of(model_type))
    tickets, clearing = _curves(window, card, delta=values["delta"])
    return ModelCoverage(
        card=card,
        report=coverage_report(
            window,
            model_type=model_type,
            level=level,
            review_score=values["review_score"],
            shown_set=shown_set,
        ),
        numbers=numeric_coverage.find_report(
            tenant=tenant,
            model_type=model_type,
            first=window.first,
            last=window.last,
            level=level,
        ),
        widths=interval_widths.width_report(
            window,
            n_unscored=interval_widths.count_unscored(
                table, tenant=tenant, model_type=model_type, window=window
            ),
        ),
        decided=automation_queries.decided_weeks(
            tenant=tenant, model_type=model_type, first=window.first, last=window.last
        ),
        certificates=certificate_facts.kept_of_actions(table, tenant=tenant, model_type=model_type),
        tickets=tickets,
        clearing=clearing,
        live=_live(tenant, card),
        guard=_guard(tenant, card),
        eps_ticket=values["eps_ticket"],
        eps_clear=values["eps_clear"],
        delta=values["delta"],
        delta_spent=calibration_sets.delta_spent(tenant=tenant, model_type=model_type, now=now),
        serving_set=model_queries.serving_set_of(card),
    )


def _curves(
    window: Window, card: ModelCard, *, delta: float
) -> tuple[EpsCurve | None, EpsCurve | None]:
    if card.version is None:
        return None, None
    kept = card.calibration
    if kept is not None and kept.tickets_at is not None and kept.clearing_at is not None:
        return kept.tickets_at, kept.clearing_at
    scores, outcomes = window.known_pairs(card.version.version)
    return ticket_curve(scores, outcomes, delta=delta), clear_curve(scores, outcomes, delta=delta)


def _live(tenant: Tenant, card: ModelCard) -> LiveReport | None:
    if card.version is None:
        return None
    return coverage_monitor.find_report(
        tenant=tenant, model_type=card.model_type, version=card.version.version
    )


def _guard(tenant: Tenant, card: ModelCard) -> DriftReport | None:
    if card.version is None:
        return None
    return drift_reports.find_latest(
        tenant=tenant,
        model_type=card.model_type,
        version=card.version.version,
        kind=exchangeability_guard.KIND,
    )
