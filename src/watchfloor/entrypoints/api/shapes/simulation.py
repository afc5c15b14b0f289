"""What a simulation of thresholds says, as programs see it: `summary` of the core as shapes."""

from typing import Any

from rest_framework import serializers

from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.simulation.comparison import Doubt
from watchfloor.core.decision.simulation.guarantee import Refusal
from watchfloor.core.decision.simulation.suggestions import Aim

FATES = [(each.value, each.name) for each in Outcome]


class TallyOut(serializers.Serializer[Any]):
    """Predictions of one fate, by what became of them."""

    n = serializers.IntegerField()
    events = serializers.IntegerField()
    clean = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Never counted as clean.")
    unlabelled = serializers.FloatField(allow_null=True, help_text="Share without an outcome.")


class ShareOut(serializers.Serializer[Any]):
    """k of n, with the exact 95 % interval; value is null where n is 0."""

    value = serializers.FloatField(allow_null=True)
    lower = serializers.FloatField()
    upper = serializers.FloatField()
    k = serializers.IntegerField()
    n = serializers.IntegerField()


class PerDayOut(serializers.Serializer[Any]):
    """Cases a day, with the exact 95 % interval of their mean."""

    value = serializers.FloatField()
    lower = serializers.FloatField()
    upper = serializers.FloatField()
    n = serializers.IntegerField()


class EstimateOut(serializers.Serializer[Any]):
    """A number in which unknown outcomes are estimated from known ones of the same score band."""

    value = serializers.FloatField(
        allow_null=True, help_text="Null where outcomes of a band are wanted and none is known."
    )
    lower = serializers.FloatField()
    upper = serializers.FloatField()


class WhatIfOut(serializers.Serializer[Any]):
    """What one policy would have done, before caps and repeats, as if tickets were switched on."""

    tickets = TallyOut()
    reviews = TallyOut()
    cleared = TallyOut()
    logged = TallyOut()
    tickets_a_day = PerDayOut()
    reviews_a_day = PerDayOut()
    hours_a_day = serializers.FloatField(help_text="Of reviewing.")
    ticket_precision = ShareOut()
    false_discovery = ShareOut(help_text="False ones among tickets with a known outcome.")
    precision = ShareOut(help_text="Of tickets and reviews together.")
    recall = ShareOut(help_text="Known events that reach a ticket or a person.")
    recall_of_tickets = ShareOut()
    automation = ShareOut(help_text="Tickets and clearings, of all predictions.")
    missed_a_day = EstimateOut()
    false_tickets_a_day = EstimateOut()
    cost_a_day = EstimateOut()
    unlabelled = serializers.FloatField(allow_null=True)


class MoveOut(serializers.Serializer[Any]):
    """Predictions that would have another fate."""

    before = serializers.ChoiceField(choices=FATES)
    after = serializers.ChoiceField(choices=FATES)
    predictions = TallyOut()


class DoubtOut(serializers.Serializer[Any]):
    """Why an answer says less than its figures seem to."""

    code = serializers.ChoiceField(choices=[each.value for each in Doubt])
    sentence = serializers.CharField()


class GuaranteeOut(serializers.Serializer[Any]):
    """
    What is certified of tickets from a threshold on.

    It holds however many thresholds were tried before.
    """

    threshold = serializers.FloatField()
    asked = serializers.FloatField(help_text="The threshold eps_ticket.")
    eps = serializers.FloatField(
        allow_null=True, help_text="At most this share is false; null where nothing is certified."
    )
    delta = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Known outcomes behind it.")
    is_kept = serializers.BooleanField()
    refusal = serializers.ChoiceField(choices=[each.value for each in Refusal], allow_null=True)
    missing = serializers.IntegerField(
        allow_null=True, help_text="Known outcomes at such scores that are still wanted."
    )
    promised_from = serializers.FloatField(
        allow_null=True, help_text="The lowest score from which `asked` is certified."
    )


class SimulationOut(serializers.Serializer[Any]):
    """Thresholds in force and proposed ones on identical data."""

    snapshot = serializers.CharField(help_text="Digest of the data: equal data, equal answer.")
    days = serializers.IntegerField()
    n = serializers.IntegerField()
    n_known = serializers.IntegerField()
    first = serializers.DateField()
    last = serializers.DateField()
    model_version = serializers.CharField(allow_blank=True)
    before = WhatIfOut()
    after = WhatIfOut()
    moves = MoveOut(many=True)
    doubts = DoubtOut(many=True)
    guarantee_before = GuaranteeOut()
    guarantee_after = GuaranteeOut()


class SuggestionOut(serializers.Serializer[Any]):
    """Thresholds worth trying; null, with the reason, where there are none."""

    aim = serializers.ChoiceField(choices=[each.value for each in Aim])
    review_score = serializers.FloatField(allow_null=True)
    ticket_score = serializers.FloatField(allow_null=True)
    why_not = serializers.CharField(allow_blank=True)
    found = WhatIfOut(allow_null=True)


class SuggestionsOut(serializers.Serializer[Any]):
    """One suggestion for each aim."""

    items = SuggestionOut(many=True)


class OutcomeCountOut(serializers.Serializer[Any]):
    """Predictions with one outcome of the decision."""

    outcome = serializers.ChoiceField(choices=FATES)
    predictions = TallyOut()


class ReasonCountOut(serializers.Serializer[Any]):
    """How often one reason was given."""

    reason = serializers.CharField()
    n = serializers.IntegerField()


class ReplayedOut(serializers.Serializer[Any]):
    """What one policy does with each prediction, caps and repeats included."""

    outcomes = OutcomeCountOut(many=True)
    reasons = ReasonCountOut(many=True, help_text="The most frequent first.")


class ExactOut(serializers.Serializer[Any]):
    """Both policies on the very same predictions."""

    first = serializers.DateField()
    last = serializers.DateField()
    n = serializers.IntegerField()
    before = ReplayedOut()
    after = ReplayedOut()
