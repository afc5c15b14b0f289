"""Scores with their probability intervals, and the calibration that makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

from watchfloor.core.conformal.calibration import Calibration, fit_calibration
from watchfloor.core.conformal.self_test import SelfTest, try_on_newer_half
from watchfloor.core.decision.policy import Evidence, Reason
from watchfloor.core.errors import NotReady
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.calibration import calibration_sets, training_overlap
from watchfloor.ml.calibration.calibration_rows import CalibrationRows
from watchfloor.ml.calibration.calibration_sets import Provenance
from watchfloor.ml.inference import exchangeability_guard
from watchfloor.ml.inference.exchangeability_guard import SetRows
from watchfloor.ml.inference.serving import ServingModel
from watchfloor.ml.models import CalibrationSet, ModelVersion
from watchfloor.ml.versions.artifacts import Features
from watchfloor.tenants.models import Tenant

# Fewer known outcomes than this say nothing that an interval could use.
FEWEST_OUTCOMES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What a calibration is asked to certify: the shares of errors, and how surely."""

    eps_ticket: float
    eps_clear: float
    delta: float
    beta_clear: float = 0.05

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Self:
        """Return what the thresholds in force ask for."""
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})


@dataclass(frozen=True, slots=True)
class Prediction:
    """One score with what is known about it; no score means that a person has to look."""

    raw_score: float | None
    score: float | None
    score_bin: int | None
    cannot_score: Reason | None
    # None: nothing is known about how often the event happens at this score
    calibration: Calibration | None
    # there is a calibration for it, and its bytes are gone or damaged
    calibration_unreadable: bool = False

    @property
    def width(self) -> float | None:
        """Width of the 95 % interval of the event rate at this score."""
        if self.calibration is None or self.score is None:
            return None
        return self.calibration.interval(self.score).width

    @property
    def pair_width(self) -> float | None:
        """Distance of the two Venn-Abers probabilities of this score."""
        if self.calibration is None or self.score is None:
            return None
        low, high = self.calibration.pair(self.score)
        return high - low


def predict(*, serving: ServingModel | None, rows: Sequence[Features]) -> list[Prediction]:
    """Return a prediction for each row; without a model NO_MODEL, unreadable CANNOT_SCORE."""
    return predict_posted(
        serving=serving, rows=rows, posted=[None] * len(rows), versions=[None] * len(rows)
    )


def predict_posted(
    *,
    serving: ServingModel | None,
    rows: Sequence[Features],
    posted: Sequence[float | None],
    versions: Sequence[str | None],
) -> list[Prediction]:
    """
    Return a prediction for each row.

    Args:
        serving: what serves this model type; None gives NO_MODEL for rows without a score.
        rows: features of each event.
        posted: a score in [0, 1] that came with the event, or None to score it here.
        versions: who made the posted score. A calibration belongs to one version: a score
            of another one has none.

    Raises:
        InvalidInput: a posted score is NaN or outside [0, 1].
    """
    raw = list(posted)
    to_score = [i for i, score in enumerate(posted) if score is None]
    if serving is not None and serving.artifact is not None and to_score:
        scores = serving.artifact.score_each([rows[i] for i in to_score])
        for i, score in zip(to_score, scores, strict=True):
            raw[i] = score
    unscored = Reason.CANNOT_SCORE if serving and serving.artifact else Reason.NO_MODEL
    serves = {None, serving.version} if serving is not None else set()
    return [
        _prediction(
            score, unscored, serving if (version if was is not None else None) in serves else None
        )
        for score, was, version in zip(raw, posted, versions, strict=True)
    ]


def _prediction(
    raw: float | None, unscored: Reason, calibrated_by: ServingModel | None
) -> Prediction:
    if raw is None:
        return Prediction(None, None, None, unscored, None)
    bin_, score = PROBABILITY.quantise_one(raw)
    if calibrated_by is None:
        return Prediction(raw, score, bin_, None, None)
    calibration, unreadable = calibrated_by.calibration, calibrated_by.calibration_unreadable
    return Prediction(raw, score, bin_, None, calibration, unreadable)


def columns(prediction: Prediction, *, serving: ServingModel | None) -> dict[str, Any]:
    """Return the columns of a log row that say what is known about a score."""
    calibration = prediction.calibration
    known: dict[str, Any] = {
        "raw_score": prediction.raw_score,
        "score": prediction.score,
        "score_bin": prediction.score_bin,
    }
    if calibration is None or prediction.score is None or serving is None:
        return known
    interval = calibration.interval(prediction.score)
    return known | {
        "calibration_hash": serving.calibration_hash,
        "prediction_lower_bound": interval.lower,
        "prediction_upper_bound": interval.upper,
        "confidence_interval_width": interval.width,
        "calibration_score": calibration.calibration_score,
    }


def evidence_of(prediction: Prediction, *, serving: ServingModel | None, now: datetime) -> Evidence:
    """Return what the decision may rest on for one prediction."""
    calibration = prediction.calibration
    positives = calibration.positives_cleared if calibration else None
    return Evidence(
        score=prediction.score,
        cannot_score=prediction.cannot_score,
        width=prediction.width,
        venn_abers_width=prediction.pair_width,
        certified_from=calibration.certified_from if calibration else None,
        certified_floor=calibration.ticket.first_tested if calibration else None,
        ticket_eps=calibration.ticket.eps if calibration else None,
        ticket_delta=calibration.ticket.delta if calibration else None,
        clear_below=calibration.clear_below if calibration else None,
        clear_eps=calibration.clear.eps if calibration else None,
        clear_delta=calibration.clear.delta if calibration else None,
        positives_limit=positives.limit if positives else None,
        positives_beta=positives.beta if positives else None,
        calibration_n=calibration.n if calibration else 0,
        calibration_n_positive=calibration.n_positive if calibration else 0,
        calibrated_at=serving.calibrated_at if serving and calibration else None,
        calibration_unreadable=prediction.calibration_unreadable,
        now=now,
        drift_alarm=serving.drift_alarm if serving else False,
        exchangeability_lost=serving.exchangeability_lost if serving else False,
    )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration with the test of itself; None where nothing says which rows are older."""

    calibration: Calibration
    self_test: SelfTest | None


def fit(*, version: ModelVersion, rows: CalibrationRows, promises: Promises) -> Fitted:
    """
    Fit a calibration to rows, and store nothing.

    Raises:
        NotReady: fewer than 30 rows.
        InvalidInput: a score is NaN or outside [0, 1], an outcome neither 0 nor 1, or a row
            that this version was trained on.
    """
    if len(rows) < FEWEST_OUTCOMES:
        raise NotReady(f"{len(rows)} known outcomes; at least {FEWEST_OUTCOMES} are needed")
    training_overlap.refuse_trained_on(version, rows)
    _, quantised = PROBABILITY.quantise(rows.scores)
    sampling = rows.sampling
    calibration = fit_calibration(quantised, rows.outcomes, sampling=sampling, **asdict(promises))
    if rows.occurred_at is None:
        return Fitted(calibration, None)
    return Fitted(
        calibration,
        try_on_newer_half(
            quantised,
            rows.outcomes,
            eps_ticket=promises.eps_ticket,
            eps_clear=promises.eps_clear,
            delta=promises.delta,
            sampling=sampling,
        ),
    )


def calibrate(
    *,
    tenant: Tenant,
    version: ModelVersion,
    rows: CalibrationRows,
    promises: Promises,
    provenance: Provenance,
    now: datetime,
) -> tuple[Calibration, CalibrationSet]:
    """
    Fit a calibration and store it, with the test of itself and where its rows came from.

    Rows that are predictions of this tenant give the set its guard, too.

    Raises:
        NotReady, InvalidInput: as `fit`.
    """
    fitted = fit(version=version, rows=rows, promises=promises)
    if rows.ids is not None:
        _, quantised = PROBABILITY.quantise(rows.scores)
        exchangeability_guard.start(
            version=version,
            calibration_sha256=fitted.calibration.digest,
            rows=SetRows(rows.ids, quantised, rows.outcomes),
            now=now,
        )
    row = calibration_sets.add(
        tenant=tenant,
        version=version,
        calibration=fitted.calibration,
        self_test=fitted.self_test,
        provenance=replace(provenance, rows_sha256=rows.sha256),
        now=now,
    )
    return fitted.calibration, row
