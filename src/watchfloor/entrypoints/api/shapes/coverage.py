"""What the intervals of one model type promised, and what came of it."""

from typing import Any

from rest_framework import serializers

from watchfloor.core.conformal.group_coverage import CoverageVerdict
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.entrypoints.api.fields import Name
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.ml.coverage.interval_widths import WidthKind
from watchfloor.ml.coverage.numeric_coverage import KINDS
from watchfloor.noc.queries.model_coverage import MOST_WEEKS


class CoverageQuery(Strict):
    """Which report."""

    level = serializers.ChoiceField(
        choices=LEVELS, default=95, help_text="Of the intervals, in percent."
    )
    weeks = serializers.IntegerField(
        default=13, min_value=1, max_value=MOST_WEEKS, help_text="Up to today, whole weeks."
    )
    calibration = Name(
        64,
        required=False,
        help_text="Digest, or its beginning, of the calibration whose bins are told; the one "
        "with the most known outcomes when left out.",
    )


class BandOut(serializers.Serializer[Any]):
    """Both ends of an exact 95 % interval; 0 and 1 where nothing is known."""

    lower = serializers.FloatField()
    upper = serializers.FloatField()


class GroupOut(serializers.Serializer[Any]):
    """How many outcomes of a group lay inside their intervals."""

    level = serializers.IntegerField(help_text="Promised, in percent.")
    coverage = serializers.FloatField(allow_null=True)
    band = BandOut(help_text="Where the true coverage lies.")
    verdict = serializers.ChoiceField(choices=[each.value for each in CoverageVerdict])
    may_be_luck_of_the_set = serializers.BooleanField(
        help_text="A calibration of this size can fall so low although nothing has changed."
    )
    set_range = BandOut(allow_null=True, help_text="What 95 of 100 calibrations of this size keep.")
    n = serializers.IntegerField(help_text="Known outcomes of predictions with an interval.")
    covered = serializers.IntegerField()
    n_unlabelled = serializers.IntegerField(help_text="Predictions without a known outcome.")


class SiteGroupOut(serializers.Serializer[Any]):
    """One site group."""

    site_group = serializers.CharField(source="name")
    coverage = GroupOut(source="found")


class WeekOut(serializers.Serializer[Any]):
    """Seven local days."""

    begins = serializers.DateField()
    coverage = GroupOut(source="found")


class BandOfScoresOut(serializers.Serializer[Any]):
    """Scores in [lower, upper); the last band holds 1 too."""

    lower = serializers.FloatField()
    upper = serializers.FloatField()
    coverage = GroupOut(source="found")


class SetOut(serializers.Serializer[Any]):
    """One calibration under which predictions were made."""

    sha256 = serializers.CharField(source="known.sha256")
    model_version = serializers.CharField(source="known.model_version", allow_blank=True)
    created_at = serializers.DateTimeField(source="known.created_at", allow_null=True)
    n = serializers.IntegerField(
        source="known.calibration.n", help_text="Outcomes it was made from."
    )
    n_positive = serializers.IntegerField(source="known.calibration.n_positive")
    coverage = GroupOut(source="found")


class BinOut(serializers.Serializer[Any]):
    """One score bin of one calibration: what it states, and what was seen since."""

    lower = serializers.FloatField()
    upper = serializers.FloatField()
    stated_lower = serializers.FloatField(source="then.interval.lower")
    stated_upper = serializers.FloatField(source="then.interval.upper")
    set_n = serializers.IntegerField(source="then.n")
    set_events = serializers.IntegerField(source="then.k")
    n = serializers.IntegerField()
    events = serializers.IntegerField()
    mean_score = serializers.FloatField(allow_null=True)


class DecidedWeekOut(serializers.Serializer[Any]):
    """What was done with the predictions of seven local days that are over."""

    begins = serializers.DateField()
    n = serializers.IntegerField()
    ticketed = serializers.IntegerField()
    added = serializers.IntegerField(help_text="To a ticket that was open.")
    cleared = serializers.IntegerField()
    reviewed = serializers.IntegerField()
    logged = serializers.IntegerField()


class CertificateOut(serializers.Serializer[Any]):
    """What a certificate promised, and what came of what it opened."""

    calibration_sha256 = serializers.CharField(source="calibration_hash")
    model_version = serializers.CharField()
    cut_at = serializers.DateTimeField()
    threshold = serializers.FloatField(source="certificate.threshold", allow_null=True)
    eps = serializers.FloatField(source="certificate.eps")
    delta = serializers.FloatField(source="certificate.delta")
    n_automatic = serializers.IntegerField(source="automatic.n")
    n_known = serializers.IntegerField(source="automatic.n_known")
    n_false = serializers.IntegerField(source="automatic.n_false")
    false_share = serializers.FloatField(source="automatic.false_share", allow_null=True)
    band = BandOut(source="automatic.band")
    is_broken = serializers.BooleanField(help_text="More false ones than chance allows.")


class EpsPointOut(serializers.Serializer[Any]):
    """What could be certified at one promise."""

    eps = serializers.FloatField()
    threshold = serializers.FloatField(allow_null=True)
    share = serializers.FloatField(help_text="Of all predictions.")
    share_of_events = serializers.FloatField(allow_null=True)
    n_certified = serializers.IntegerField()
    false_certified = serializers.IntegerField()


class EpsCurveOut(serializers.Serializer[Any]):
    """What could be certified at each promise of a grid, all points together."""

    delta = serializers.FloatField(help_text="The chance that any point fails.")
    smallest_eps = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    n_positive = serializers.IntegerField()
    points = EpsPointOut(many=True)


class WidthOut(serializers.Serializer[Any]):
    """Predictions whose interval is of one kind."""

    kind = serializers.ChoiceField(choices=[each.value for each in WidthKind])
    n = serializers.IntegerField()
    n_unscored = serializers.IntegerField()
    high_risk = serializers.IntegerField()
    mean_score = serializers.FloatField(allow_null=True)


class KindOut(serializers.Serializer[Any]):
    """Intervals of estimates of one kind."""

    kind = serializers.ChoiceField(choices=[each.value for each in KINDS])
    coverage = GroupOut(source="found")


class DifficultyOut(serializers.Serializer[Any]):
    """Estimates of one range of sigma; place 1 is the easiest."""

    place = serializers.IntegerField()
    of = serializers.IntegerField()
    coverage = GroupOut(source="found")


class RollingWidthOut(serializers.Serializer[Any]):
    """Half-widths of one width for all estimates, at one level."""

    level = serializers.IntegerField(help_text="In percent.")
    latest = serializers.FloatField(
        allow_null=True, help_text="From the latest known numbers; null while they are too few."
    )
    in_force = serializers.FloatField(
        allow_null=True, help_text="Of the calibration in force; null without one for the level."
    )


class RollingWeekOut(serializers.Serializer[Any]):
    """The end of seven local days."""

    begins = serializers.DateField()
    n = serializers.IntegerField(help_text="Latest known numbers that were taken.")
    widths = RollingWidthOut(many=True)


class NumbersOut(serializers.Serializer[Any]):
    """Whether the intervals of estimated numbers hold."""

    unit = serializers.CharField()
    n = serializers.IntegerField()
    without_interval = serializers.IntegerField()
    is_cut = serializers.BooleanField(help_text="Only the newest estimates were read.")
    unreadable = serializers.ListField(
        child=serializers.CharField(), help_text="Digests of calibrations that cannot be read."
    )
    overall = GroupOut(many=True, help_text="As shown, at every level.")
    by_kind = KindOut(many=True, source="kinds")
    by_difficulty = DifficultyOut(many=True, source="difficulties")
    by_week = WeekOut(many=True, source="weeks")
    rolling = RollingWeekOut(
        many=True, help_text="What the latest known numbers alone would make of the width."
    )


class LiveLevelOut(serializers.Serializer[Any]):
    """One level of the live monitor."""

    percent = serializers.IntegerField()
    coverage = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    misses = serializers.IntegerField()
    asked_for = serializers.FloatField(
        help_text="Coverage that has to be asked for now to keep the level, in percent."
    )
    quantile = serializers.FloatField(
        allow_null=True, help_text="Distance from the score; null is the whole range."
    )


class LiveOut(serializers.Serializer[Any]):
    """What the live monitor of the champion says."""

    version = serializers.CharField()
    since = serializers.DateTimeField()
    delay = serializers.FloatField(help_text="Predictions by which outcomes are late.")
    levels = LiveLevelOut(many=True)


class CoverageOut(serializers.Serializer[Any]):
    """The report of one model type over some weeks."""

    model_type = serializers.CharField(source="report.model_type")
    first = serializers.DateField(source="report.first")
    last = serializers.DateField(source="report.last")
    review_score = serializers.FloatField(source="report.review_score")
    high_score = serializers.FloatField(source="report.high_score")
    n = serializers.IntegerField(source="report.n", help_text="Scored predictions.")
    without_interval = serializers.IntegerField(source="report.without_interval")
    unreadable = serializers.ListField(
        child=serializers.CharField(),
        source="report.unreadable",
        help_text="Digests of calibrations whose bytes are gone or damaged; what was predicted "
        "with them counts as without an interval.",
    )
    overall = GroupOut(many=True, source="report.overall", help_text="At every level.")
    from_review = GroupOut(source="report.from_review")
    from_high = GroupOut(source="report.from_high")
    by_score = BandOfScoresOut(many=True, source="report.bands")
    by_site_group = SiteGroupOut(many=True, source="report.sites")
    by_calibration = SetOut(many=True, source="report.sets")
    by_week = WeekOut(many=True, source="report.weeks")
    bins_of = serializers.CharField(source="report.shown_set.sha256", allow_null=True, default=None)
    bins = BinOut(many=True, source="report.bins")
    decided = DecidedWeekOut(many=True)
    certificates = CertificateOut(many=True)
    eps_ticket = serializers.FloatField()
    eps_clear = serializers.FloatField()
    delta = serializers.FloatField()
    ticket_promises = EpsCurveOut(source="tickets", allow_null=True)
    clear_promises = EpsCurveOut(source="clearing", allow_null=True)
    live = LiveOut(allow_null=True, help_text="Null before the first night of the champion.")
    numbers = NumbersOut(allow_null=True, help_text="Null where no number was estimated.")
    widths = WidthOut(many=True)
