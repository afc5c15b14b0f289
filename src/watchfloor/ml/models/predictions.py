"""One scored-prediction record, whoever scored it; every evaluation is kept, not only alarms."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class ScoredPrediction(TenantRow):
    """
    One evaluation of one event: score, interval, decision and reason.

    The row is found by (id, occurred_at) and never by a foreign key, so that the table can
    be partitioned by time. Intervals at 90 and 99 % follow from (score, calibration_hash):
    a calibration never changes, so they are read from it and not stored again.
    """

    # identity: the id is a function of (tenant, source, event id), the same on any process
    id = models.UUIDField(primary_key=True, editable=False)
    occurred_at = models.DateTimeField()
    source = models.CharField(max_length=80)
    event_id = models.CharField(max_length=120)
    entity_type = models.CharField(max_length=50)
    entity_id = models.CharField(max_length=120)
    site = models.ForeignKey("tenants.Site", models.PROTECT, null=True, related_name="+")
    local_day = models.DateField()

    # score: null when the event could not be scored; `reason` then says why
    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    raw_score = models.FloatField(null=True)
    score = models.FloatField(null=True)
    score_bin = models.IntegerField(null=True)
    features_json = models.JSONField(default=dict)

    # how well the event rate of predictions like this one is known, 95 %
    calibration_hash = models.CharField(max_length=64, blank=True)
    prediction_lower_bound = models.FloatField(null=True)
    prediction_upper_bound = models.FloatField(null=True)
    confidence_interval_width = models.FloatField(null=True)
    calibration_score = models.FloatField(null=True)

    # decision: the reason that is shown, and the first clause that stood in the way of acting
    # without a person (empty where it was acted on)
    decision = models.CharField(max_length=30)
    reason = models.CharField(max_length=40)
    failing_clause = models.CharField(max_length=40, blank=True)
    # the operator's two thresholds, and those in force: tickets at or above, clearing at or
    # below; null where nothing was certified
    review_score = models.FloatField()
    ticket_score = models.FloatField(null=True)
    ticket_threshold = models.FloatField(null=True)
    clear_threshold = models.FloatField(null=True)
    # the promise the tenant asked for, and what its certificate was made from
    eps_ticket = models.FloatField(null=True)
    eps_clear = models.FloatField(null=True)
    beta_clear = models.FloatField(null=True)
    delta = models.FloatField(null=True)
    calibration_n = models.PositiveIntegerField(null=True)
    # which interval told how well the probability is known: prob_bin or venn_abers
    interval_kind = models.CharField(max_length=20, blank=True)
    predicted_at = models.DateTimeField()

    # outcome: null until somebody knows
    outcome = models.FloatField(null=True)
    outcome_known_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_narrow_interval(self) -> bool:
        """True when the probability is known to within 0.2; the specification's knob."""
        return self.confidence_interval_width is not None and self.confidence_interval_width < 0.2


class PredictionLog(ScoredPrediction):
    """A prediction about any entity, scored here or posted with its score."""

    class Meta:
        db_table = "ml_prediction_log"
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "model_type", "-occurred_at"], name="ml_pred_log_recent"
            ),
            models.Index(fields=["tenant", "entity_type", "entity_id"], name="ml_pred_log_entity"),
            models.Index(fields=["confidence_interval_width"], name="ml_pred_log_ci_width_idx"),
            # What could not be scored is in no histogram, and is counted here.
            models.Index(
                fields=["tenant", "model_type", "occurred_at"],
                condition=models.Q(score__isnull=True),
                name="ml_pred_log_unscored",
            ),
            # What a certificate opened, counted against its promise.
            models.Index(
                fields=["tenant", "model_type", "calibration_hash"],
                condition=models.Q(decision__in=["auto_ticket", "suppressed_duplicate"]),
                name="ml_pred_log_acted_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.entity_id} {self.score}"


class ShadowScore(TenantRow):
    """What another model version would have scored; it has no effect."""

    prediction_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    score = models.FloatField()

    class Meta:
        db_table = "ml_shadow_score"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "prediction_id", "model_version"], name="shadow_score_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_version} {self.score}"
