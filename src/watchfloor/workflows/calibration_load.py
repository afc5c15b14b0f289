"""Load a calibration set from a log or a file, and let the version decide with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import transaction

from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.ledger import audit
from watchfloor.ml.calibration import calibration_cut, conformal_predictor, training_overlap
from watchfloor.ml.calibration.calibration_cohort import CohortRules
from watchfloor.ml.calibration.calibration_rows import CalibrationRows
from watchfloor.ml.calibration.calibration_sets import Provenance
from watchfloor.ml.calibration.conformal_predictor import Fitted, Promises
from watchfloor.ml.models import CalibrationSet, CutReason, ModelVersion
from watchfloor.ml.models.calibration import RECORDED
from watchfloor.ml.versions import registry
from watchfloor.noc.decision import calibrations, thresholds
from watchfloor.noc.intake import logs
from watchfloor.tenants.models import Tenant

FROM_LOG = {"prediction_log": "prediction", "fraud_log": "fraud"}
CSV = "csv"
AS_STATED = "As in the file: that its outcomes are closed and complete is its sender's word."


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One line of a file: a score, what became of it and, if it says so, of which prediction."""

    line: int
    prediction: float
    actual: float
    prediction_id: UUID | None = None
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Misfit:
    """One value of a file that does not fit, and where it stands."""

    line: int
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.line}: {self.column}: got {self.value!r}, expected {self.expected}"


class FileDoesNotFit(InvalidInput):
    """A file with values that do not fit; all of them are told, and nothing was loaded."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        self.misfits = tuple(misfits)
        super().__init__(
            field="file", value=f"{len(misfits)} values that do not fit", expected="none"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """Rows that are ready to become a set of one version, and where they come from."""

    version: ModelVersion
    rows: CalibrationRows
    provenance: Provenance


def from_log(
    *, tenant: Tenant, source: str, model_type: str, version: str, days: int, now: datetime
) -> Loading:
    """
    Take rows from the log of a model type, by the rules of every set.

    Args:
        source: prediction_log or fraud_log.
        days: how far back, before the youngest prediction that counts as closed.

    Raises:
        InvalidInput: no log of that name, or not the one this model type is logged in.
        NotFound: this tenant has no such version.
        NotReady: no closed and complete cohort is there.
    """
    log = calibrations.log_for(model_type)
    if FROM_LOG.get(source) != log.name:
        expected = next(name for name, logged in FROM_LOG.items() if logged == log.name)
        raise InvalidInput(field="source", value=source, expected=f"{expected} for {model_type}")
    row = registry.get_version(tenant=tenant, model_type=model_type, version=version)
    span = timedelta(days=days)
    rules = CohortRules.of(thresholds.values_in_force(tenant=tenant, model_type=model_type))
    cut = calibration_cut.cut_from_log(
        tenant=tenant,
        version=row,
        log=log,
        features_of=lambda ids: logs.get_log(log.name).features_of(tenant=tenant, ids=ids),
        rules=replace(rules, shortest=span, longest=span),
        now=now,
    )
    provenance = cut.provenance(reason=CutReason.LOAD, source=source, version=row)
    return Loading(version=row, rows=cut.rows, provenance=provenance)


def from_file(
    *,
    tenant: Tenant,
    model_type: str,
    version: str,
    lines: Sequence[FileRow],
    stated_not_trained_on: bool,
    outcome_definition: str = RECORDED,
) -> Loading:
    """
    Take rows from the lines of a file.

    Lines with a prediction id are looked up, and one that the version was trained on is
    refused. Without ids nothing can be looked up: then somebody has to state it.

    Raises:
        FileDoesNotFit: ids on some lines only, told twice, unknown here or trained on.
        InvalidInput: no ids, and nobody stated that the version was not trained on the rows.
        NotFound: this tenant has no such version.
    """
    row = registry.get_version(tenant=tenant, model_type=model_type, version=version)
    with_ids = any(line.prediction_id is not None for line in lines)
    if not with_ids and not stated_not_trained_on:
        raise InvalidInput(
            field="file",
            value="no prediction_id",
            expected="prediction ids, or the statement that the model was not trained on its rows",
        )
    rows = _with_ids(tenant, row, lines) if with_ids else _without_ids(lines)
    return Loading(
        version=row,
        rows=rows,
        provenance=Provenance(
            reason=CutReason.LOAD,
            source=CSV,
            cohort_rule=AS_STATED,
            detail={
                "training_overlap": (
                    training_overlap.rule_of(row)
                    if with_ids
                    else "stated by who loaded it: not trained on these rows"
                ),
                "identified_by": "prediction ids" if with_ids else "scores",
            },
            outcome_definition=outcome_definition,
        ),
    )


def _without_ids(lines: Sequence[FileRow]) -> CalibrationRows:
    pairs = CalibrationRows.of_pairs(
        [line.prediction for line in lines], [line.actual for line in lines]
    )
    return replace(pairs, propensities=np.array([line.propensity for line in lines]))


def _with_ids(tenant: Tenant, version: ModelVersion, lines: Sequence[FileRow]) -> CalibrationRows:
    log = logs.log_of(version.model_type)
    ids = [line.prediction_id for line in lines if line.prediction_id is not None]
    logged = logs.get_log(log).get_many(tenant=tenant, ids=ids)
    occurred_at = {key: row.occurred_at for key, row in logged.items()}
    misfits = [
        misfit
        for line, earlier in zip(lines, _seen_before(lines), strict=True)
        if (misfit := _misfit(version, line, occurred_at, earlier)) is not None
    ]
    if misfits:
        raise FileDoesNotFit(misfits)
    ordered = sorted(lines, key=lambda line: (occurred_at[_id(line)], str(line.prediction_id)))
    return replace(
        _without_ids(ordered),
        ids=[_id(line) for line in ordered],
        occurred_at=[occurred_at[_id(line)] for line in ordered],
    )


def _id(line: FileRow) -> UUID:
    assert line.prediction_id is not None  # a line without one is a misfit
    return line.prediction_id


def _seen_before(lines: Sequence[FileRow]) -> list[int | None]:
    """Return for each line the earlier one that names the same prediction, or None."""
    first: dict[UUID | None, int] = {}
    return [
        found if (found := first.setdefault(line.prediction_id, line.line)) != line.line else None
        for line in lines
    ]


def _misfit(
    version: ModelVersion,
    line: FileRow,
    occurred_at: dict[UUID, datetime],
    earlier: int | None,
) -> Misfit | None:
    told = str(line.prediction_id or "")
    if line.prediction_id is None:
        expected = "an id, as on other lines of this file"
    elif earlier is not None:
        expected = f"a prediction that line {earlier} does not name already"
    elif line.prediction_id not in occurred_at:
        expected = f"a {version.model_type} prediction of this tenant"
    elif not training_overlap.never_trained_on(
        version, ids=[line.prediction_id], occurred_at=[occurred_at[line.prediction_id]]
    ).all():
        expected = f"an event that {version.version} was not trained on"
    else:
        return None
    return Misfit(line.line, "prediction_id", told, expected)


def preview(*, tenant: Tenant, loading: Loading, min_samples: int) -> Fitted:
    """
    Fit what would be loaded, and store nothing.

    Raises:
        NotReady: fewer rows than `min_samples`.
        InvalidInput: a score or an outcome does not fit, or was trained on.
    """
    _refuse_too_few(loading, min_samples)
    return conformal_predictor.fit(
        version=loading.version, rows=loading.rows, promises=_promises(tenant, loading)
    )


@transaction.atomic
def load(
    *, tenant: Tenant, loading: Loading, min_samples: int, actor: str, now: datetime
) -> CalibrationSet:
    """
    Calibrate a version on these rows; if it serves, it decides with them from now on.

    A set of another outcome definition is stored and never decides.

    Raises:
        NotReady, InvalidInput: as `preview`.
    """
    _refuse_too_few(loading, min_samples)
    version = loading.version
    _, loaded = conformal_predictor.calibrate(
        tenant=tenant,
        version=version,
        rows=loading.rows,
        promises=_promises(tenant, loading),
        provenance=replace(
            loading.provenance, detail={**loading.provenance.detail, "loaded_by": actor}
        ),
        now=now,
    )
    if loaded.outcome_definition == RECORDED:
        _let_decide(tenant, version, loaded, now)
    calibrations.look_after(tenant=tenant, now=now)
    audit.append(
        tenant=tenant,
        actor=actor,
        action="calibration.loaded",
        target_kind="model_version",
        target_id=f"{version.model_type} {version.version}",
        detail={"n": loaded.n, "n_positive": loaded.n_positive, "source": loaded.source},
        now=now,
    )
    return loaded


def _let_decide(
    tenant: Tenant, version: ModelVersion, loaded: CalibrationSet, now: datetime
) -> None:
    deployment = registry.deployment_of(tenant=tenant, model_type=version.model_type, now=now)
    if deployment.stack is not None and deployment.stack.model_version_id == version.pk:
        registry.recalibrated_stack(
            deployment=deployment,
            calibration=loaded,
            thresholds=thresholds.snapshot(tenant=tenant, model_type=version.model_type),
            now=now,
        )


def _refuse_too_few(loading: Loading, min_samples: int) -> None:
    n = len(loading.rows)
    if n < min_samples:
        source = loading.provenance.source
        raise NotReady(f"{n} pairs in {source}; at least {min_samples} are needed")


def _promises(tenant: Tenant, loading: Loading) -> Promises:
    values = thresholds.values_in_force(tenant=tenant, model_type=loading.version.model_type)
    return Promises.of(values)
