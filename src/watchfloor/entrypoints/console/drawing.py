"""Turn rows into the values that templates draw; numbers are worded here and nowhere else."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.risk import RiskLevel, risk_level
from watchfloor.core.features.guard_checkin import MEANINGS
from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.figures import DrawnScore, Tick
from watchfloor.entrypoints.console.parts import StreamRow
from watchfloor.entrypoints.console.wording import count_text, number_text, percent_text, score_text
from watchfloor.ml.inference.explanations import FeatureShare
from watchfloor.ml.inference.model_queries import Rate
from watchfloor.ml.models import ScoredPrediction
from watchfloor.noc.queries.prediction_queries import Known
from watchfloor.tenants.models import Site

Band = tuple[float, float]


def drawn_score(prediction: ScoredPrediction, known: Known | None) -> DrawnScore:
    """Return the product's mark for a logged prediction, with the thresholds it was decided by."""
    if prediction.score is None:
        return DrawnScore(None, why_unknown=why_unknown(prediction.reason))
    return DrawnScore(
        score=prediction.score,
        band95=(known.interval.lower, known.interval.upper) if known else None,
        band99=(known.interval.lower99, known.interval.upper99) if known else None,
        ticks=_ticks(prediction, known),
        pair=known.pair if known else None,
    )


def _ticks(prediction: ScoredPrediction, known: Known | None) -> tuple[Tick, ...]:
    review = Tick(prediction.review_score, gettext("review from"))
    in_force = _ticket_threshold(prediction, known)
    if in_force is None:
        return (review,)
    return (review, Tick(max(in_force, prediction.review_score), gettext("ticket from")))


def _ticket_threshold(prediction: ScoredPrediction, known: Known | None) -> float | None:
    """Return the higher of the operator's and the certified threshold, as it was decided by."""
    if prediction.eps_ticket is not None:
        return prediction.ticket_threshold
    # Decided before thresholds in force were kept.
    if known is None or known.certified_from is None:
        return None
    return max(known.certified_from, prediction.ticket_score or 0.0)


def why_unknown(reason: str) -> str:
    """Return in a few words why there is no score."""
    words = {
        Reason.NO_MODEL.value: gettext("no model yet"),
        Reason.CANNOT_SCORE.value: gettext("the event could not be read"),
        Reason.NUMERIC_ESTIMATE.value: gettext("a number was estimated"),
    }
    return words.get(reason, "")


def sentence_of(reason: str) -> str:
    """
    Return the sentence of a stored reason; one that this version does not know is shown as it is.

    >>> sentence_of("kill_switch")
    'The kill switch is on: nothing is done automatically anywhere.'
    >>> sentence_of("of_another_version")
    'of another version'
    """
    try:
        return Reason(reason).sentence
    except ValueError:
        return words_of(reason)


def verdict_word(decision: str) -> str:
    """Return the word for what happened to a prediction."""
    words = {
        Outcome.AUTO_TICKET.value: gettext("Ticket"),
        Outcome.HUMAN_REVIEW.value: gettext("Review"),
        Outcome.LOG_ONLY.value: gettext("Log"),
        Outcome.AUTO_CLEAR.value: gettext("Cleared"),
        Outcome.SUPPRESSED_DUPLICATE.value: gettext("Added"),
    }
    return words.get(decision, words_of(decision))


def words_of(name: str) -> str:
    """
    Return a stored name as people read it.

    >>> words_of("guard_checkin")
    'guard checkin'
    """
    return name.replace("_", " ")


def severity_of_score(score: float | None) -> str:
    """
    Return the severity a score is shown with; without a score it is unknown.

    >>> severity_of_score(0.85), severity_of_score(0.1), severity_of_score(None)
    ('critical', 'info', 'unknown')
    """
    if score is None:
        return "unknown"
    level = risk_level(score)
    return "info" if level is RiskLevel.MINIMAL else level.value.lower()


def place_of(site: Site | None) -> str:
    """Return the name of a site, or nothing for what belongs to none."""
    return site.name if site is not None else ""


def stream_rows(
    predictions: Iterable[ScoredPrediction], known: Mapping[UUID, Known | None], *, tenant: str
) -> tuple[StreamRow, ...]:
    """
    Return predictions as rows of the stream, in the order given.

    Each carries the moment of the latest decision among them: what was decided since is new,
    however long ago it happened.
    """
    rows = list(predictions)
    latest = max((row.predicted_at for row in rows), default=None)
    return tuple(
        StreamRow(
            key=row.id.hex,
            cursor="" if latest is None else latest.isoformat(),
            severity=severity_of_score(row.score),
            title=row.entity_id,
            detail=f"{words_of(row.entity_type)}, {words_of(row.model_type)}",
            where=place_of(row.site),
            href=prediction_href(tenant, row.id),
            drawn=drawn_score(row, known[row.id]),
            verdict=verdict_word(row.decision),
            reason=sentence_of(row.reason),
            at=row.occurred_at,
        )
        for row in rows
    )


def title_of(prediction: ScoredPrediction) -> str:
    """Return what a prediction is about, as in "Guard g-017"."""
    return f"{words_of(prediction.entity_type).capitalize()} {prediction.entity_id}"


def prediction_href(tenant: str, prediction_id: UUID) -> str:
    """Return the address of a prediction's page."""
    return reverse("console:prediction", args=[tenant, prediction_id])


def alike_words(prediction: ScoredPrediction, known: Known | None) -> str:
    """Return what became of past predictions with such a score, as one sentence."""
    if known is None and (
        prediction.calibration_hash or prediction.failing_clause == Reason.CALIBRATION_UNREADABLE
    ):
        return gettext("Its calibration cannot be read: nothing is known about scores like this.")
    if known is None:
        return gettext("No calibration was in force: nothing is known about scores like this one.")
    facts = {
        "n": count_text(known.alike_n),
        "k": count_text(known.alike_events),
        "lower": score_text(known.interval.lower),
        "upper": score_text(known.interval.upper),
    }
    words = gettext(
        "Of %(n)s past cases with such a score, %(k)s were real: the true rate lies between "
        "%(lower)s and %(upper)s (95 %%)."
    )
    return words % facts


def interval_rows(known: Known | None) -> tuple[tuple[str, str, str], ...]:
    """Return level, bounds and width of the intervals of a score, for a table."""
    if known is None:
        return ()
    interval = known.interval
    bands: tuple[tuple[int, Band], ...] = (
        (90, (interval.lower90, interval.upper90)),
        (95, (interval.lower, interval.upper)),
        (99, (interval.lower99, interval.upper99)),
    )
    rows = [
        (
            percent_text(level / 100, decimals=0),
            f"{score_text(low)} – {score_text(high)}",
            score_text(high - low),
        )
        for level, (low, high) in bands
    ]
    return (*rows, *_pair_rows(known))


def _pair_rows(known: Known) -> tuple[tuple[str, str, str], ...]:
    if known.pair is None:
        return ()
    low, high = known.pair
    either = gettext("%(p0)s or %(p1)s") % {"p0": score_text(low), "p1": score_text(high)}
    return ((gettext("Venn-Abers pair"), either, score_text(high - low)),)


def reason_bars(shares: Iterable[FeatureShare]) -> tuple[figures.ContributionBar, ...]:
    """Return what moved a score, ready to draw."""
    return figures.contribution_bars(
        [figures.Contribution(_told(share), share.share) for share in shares]
    )


def _told(share: FeatureShare) -> str:
    return f"{words_of(share.name)} {value_text(share.value)}"


def value_text(value: Any) -> str:
    """
    Return a served feature as people read it; what was missing is the word for it.

    >>> value_text(612.0384), value_text("night"), value_text(3.0)
    ('612', 'night', '3')
    """
    if value is None:
        return gettext("missing")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if not isinstance(value, float | int):
        return str(value)
    if float(value).is_integer() or abs(value) >= 100:
        return number_text(float(value), decimals=0)
    return number_text(float(value), decimals=2 if abs(value) >= 1 else 3)


def feature_rows(features: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Return every served feature: its name, its value, and what it means where that is known."""
    return tuple(
        (words_of(str(name)), value_text(value), MEANINGS.get(str(name), ""))
        for name, value in features.items()
    )


def rate_words(rate: Rate) -> str:
    """Return a rate's interval and n in a few words; nothing where no case is known."""
    if rate.value is None or rate.lower is None or rate.upper is None:
        return gettext("no outcome is known yet")
    return gettext("%(lower)s – %(upper)s, n = %(n)s") % {
        "lower": percent_text(rate.lower),
        "upper": percent_text(rate.upper),
        "n": count_text(rate.n),
    }


def actor_words(actor: str, names: Mapping[str, str]) -> tuple[str, bool]:
    """
    Return what an actor is called, and whether it is a person.

    >>> actor_words("user:7", {"user:7": "Dana"}), actor_words("system:safe_retrain", {})
    (('Dana', True), ('safe retrain', False))
    """
    if actor.startswith("user:"):
        return names.get(actor, gettext("somebody who left")), True
    kind, _, rest = actor.partition(":")
    if kind == "system" and rest:
        return words_of(rest), False
    return words_of(actor) or gettext("nobody"), False
