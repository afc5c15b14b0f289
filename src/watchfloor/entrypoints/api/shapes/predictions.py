"""Predictions: what is posted, and what is answered."""

from typing import Any

from rest_framework import serializers

from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.reason import Reason
from watchfloor.entrypoints.api.fields import Features, Moment, Name, Number, Text
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.entrypoints.api.shapes import numbers
from watchfloor.entrypoints.api.shapes.problem import Problem
from watchfloor.ml.inference.intervals import LevelInterval, Pair
from watchfloor.ml.models import ScoredPrediction
from watchfloor.noc.queries.decision_figures import Told


class PredictionIn(Strict):
    """One event to predict about: with the score of your own model, or for a model served here."""

    event_id = Name(
        120, required=False, help_text="Your id of the event; Idempotency-Key stands in for it."
    )
    source = Name(50, default="api", help_text="Where the event comes from; ids are per source.")  # type: ignore[assignment]
    model_type = Name(50, help_text="What is predicted, such as sla_breach.")
    model_version = Name(50, required=False, help_text="Who made the score; needed with one.")
    # Together they are the key of a ticket, which holds 200 characters.
    entity_type = Name(30, help_text="What kind of thing the event is about.")
    entity_id = Text(100, help_text="Which one.")
    occurred_at = Moment(help_text="When the event happened, with its offset from UTC.")
    score = Number(0, 1, required=False, help_text="Probability of the event by your model.")
    estimate = Number(
        -numbers.LARGEST,
        numbers.LARGEST,
        required=False,
        help_text="Of a number, such as hours to close, by your model; instead of a score.",
    )
    sigma = Number(
        0,
        numbers.LARGEST,
        required=False,
        help_text="How far off the estimate tends to be in such a case, in its unit.",
    )
    unit = Text(20, required=False, help_text="Of the estimate, such as h; needed with one.")
    features = Features(required=False)
    site = Name(60, required=False, help_text="Code of the site it happened at.")


class IntervalOut(serializers.Serializer[Any]):
    """Where the event rate of predictions like this one lies."""

    level = serializers.IntegerField(help_text="In percent.")
    lower = serializers.FloatField()
    upper = serializers.FloatField()


class PairOut(serializers.Serializer[Any]):
    """The Venn-Abers pair: one of the two is a perfectly calibrated probability."""

    p0 = serializers.FloatField(help_text="The lower one.")
    p1 = serializers.FloatField(help_text="The upper one.")
    width = serializers.FloatField()


class DecidedWithOut(serializers.Serializer[Any]):
    """What a decision was taken with; null where it was not known or not kept yet."""

    failing_clause = serializers.CharField(
        allow_blank=True, help_text="The first that kept it from being acted on; a reason."
    )
    failing_sentence = serializers.CharField(
        allow_blank=True, help_text="Empty where the reason says it already."
    )
    review_score = serializers.FloatField(help_text="A person sees scores from here.")
    ticket_score = serializers.FloatField(allow_null=True, help_text="The operator's own floor.")
    ticket_threshold = serializers.FloatField(
        allow_null=True, help_text="In force: the higher of the operator's and the certified one."
    )
    clear_threshold = serializers.FloatField(
        allow_null=True, help_text="Clearing is certified up to here."
    )
    eps_ticket = serializers.FloatField(allow_null=True, help_text="False tickets asked for.")
    eps_clear = serializers.FloatField(allow_null=True, help_text="Events among the cleared.")
    beta_clear = serializers.FloatField(
        allow_null=True, help_text="Share of all events that clearing may hide."
    )
    delta = serializers.FloatField(allow_null=True, help_text="A certificate may fail with it.")
    smallest_eps = serializers.FloatField(
        allow_null=True, help_text="The smallest share of false tickets that can be certified."
    )
    smallest_eps_clear = serializers.FloatField(
        allow_null=True, help_text="The smallest share of events among the cleared."
    )
    calibration_hash = serializers.CharField(allow_blank=True)
    calibration_n = serializers.IntegerField(allow_null=True, help_text="Known outcomes.")
    interval_kind = serializers.CharField(
        allow_blank=True, help_text="By which the probability is known: prob_bin or venn_abers."
    )


class PredictionOut(serializers.Serializer[Any]):
    """One logged prediction."""

    id = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]
    event_id = serializers.CharField()
    model_type = serializers.CharField()
    model_version = serializers.CharField()
    entity_type = serializers.CharField()
    entity_id = serializers.CharField()
    site = serializers.CharField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    predicted_at = serializers.DateTimeField()
    score = serializers.FloatField(allow_null=True, help_text="On the grid that decides.")
    raw_score = serializers.FloatField(allow_null=True)
    intervals = IntervalOut(many=True, help_text="At 90, 95 and 99 %; empty if uncalibrated.")
    width = serializers.FloatField(allow_null=True, help_text="Of the interval at 95 %.")
    venn_abers = PairOut(allow_null=True, help_text="Null if uncalibrated.")
    decision = serializers.ChoiceField(choices=[one.value for one in Outcome])
    reason = serializers.ChoiceField(choices=[one.value for one in Reason])
    reason_sentence = serializers.CharField(help_text="With the figures of this decision.")
    decided_with = DecidedWithOut()
    outcome = serializers.FloatField(allow_null=True, help_text="1 it happened, 0 it did not.")
    outcome_known_at = serializers.DateTimeField(allow_null=True)
    number = numbers.NumberOut(
        allow_null=True, help_text="Of an estimate; null where a score was made."
    )


class PredictionResult(serializers.Serializer[Any]):
    """What became of one item of a batch."""

    status = serializers.IntegerField(help_text="201 new, 200 known before, 4xx refused.")
    prediction = PredictionOut(required=False)
    problem = Problem(required=False)


class PredictionResults(serializers.Serializer[Any]):
    """A result for each item, in order."""

    results = PredictionResult(many=True)


def shown(
    row: ScoredPrediction,
    *,
    intervals: tuple[LevelInterval, ...],
    pair: Pair | None,
    told: Told,
    number: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return a logged prediction as `PredictionOut` has it."""
    return {
        "id": str(row.id),
        "source": row.source,
        "event_id": row.event_id,
        "model_type": row.model_type,
        "model_version": row.model_version,
        "entity_type": row.entity_type,
        "entity_id": row.entity_id,
        "site": row.site.code if row.site else None,
        "occurred_at": row.occurred_at,
        "predicted_at": row.predicted_at,
        "score": row.score,
        "raw_score": row.raw_score,
        "intervals": [
            {"level": one.level, "lower": one.lower, "upper": one.upper} for one in intervals
        ],
        "width": row.confidence_interval_width,
        "venn_abers": {"p0": pair.p0, "p1": pair.p1, "width": pair.width} if pair else None,
        "decision": row.decision,
        "reason": row.reason,
        "reason_sentence": told.sentence,
        "decided_with": {
            "failing_clause": row.failing_clause,
            "failing_sentence": told.failing_sentence,
            "review_score": row.review_score,
            "ticket_score": row.ticket_score,
            "ticket_threshold": row.ticket_threshold,
            "clear_threshold": row.clear_threshold,
            "eps_ticket": row.eps_ticket,
            "eps_clear": row.eps_clear,
            "beta_clear": row.beta_clear,
            "delta": row.delta,
            "smallest_eps": told.figures.smallest_eps,
            "smallest_eps_clear": told.figures.smallest_eps_clear,
            "calibration_hash": row.calibration_hash,
            "calibration_n": row.calibration_n,
            "interval_kind": row.interval_kind,
        },
        "outcome": row.outcome,
        "outcome_known_at": row.outcome_known_at,
        "number": number,
    }
