"""
Every number of the generator: choices, not observations.

The groups follow the order in which a world is made: places, people, devices, behaviour, fraud,
labels. Three worlds are ready: `small` for tests, `demo` for the live demonstration, `default`
for measurements.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

GENERATOR_VERSION = "1"

SITE_KINDS = ("office", "retail", "warehouse", "campus", "construction")
ARCHETYPES = ("A1", "A2", "A6")
# Forty, twenty-five, twenty, ten and five per cent, mixed so that a short prefix is mixed too.
_SITE_KIND_CYCLE = tuple(
    {"O": "office", "R": "retail", "W": "warehouse", "C": "campus", "K": "construction"}[letter]
    for letter in "ORWOCOROWROWOROCWORK"
)


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """One customer: where it is, when it pays and when it rests (month, day)."""

    code: str
    name: str
    time_zone: str
    lat: float
    lon: float
    pay_period_days: int
    holidays: tuple[tuple[int, int], ...]


HARBOUR = TenantPlan(
    code="harbour",
    name="Harbour Guarding",
    time_zone="Europe/Berlin",
    lat=53.55,
    lon=9.99,
    pay_period_days=14,
    holidays=((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)),
)
MERIDIAN = TenantPlan(
    code="meridian",
    name="Meridian Facilities",
    time_zone="Asia/Singapore",
    lat=1.35,
    lon=103.82,
    pay_period_days=7,
    holidays=((1, 1), (5, 1), (8, 9), (12, 25)),
)
MONSOON = TenantPlan(
    code="monsoon",
    name="Monsoon Security",
    time_zone="Asia/Kolkata",
    lat=12.97,
    lon=77.59,
    pay_period_days=30,
    holidays=((1, 26), (8, 15), (10, 2), (12, 25)),
)


@dataclass(frozen=True, slots=True)
class SiteChoices:
    """Places: fences, pins on the map, radio and photographs."""

    kind_cycle: tuple[str, ...] = _SITE_KIND_CYCLE
    radius_m: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: MappingProxyType(
            {
                "office": (60.0, 100.0),
                "retail": (80.0, 150.0),
                "warehouse": (150.0, 250.0),
                "campus": (250.0, 500.0),
                "construction": (200.0, 400.0),
            }
        )
    )
    indoor_share: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"office": 0.6, "retail": 0.55, "warehouse": 0.5, "campus": 0.35, "construction": 0.1}
        )
    )
    next_site_median_km: float = 6.0
    next_site_sigma: float = 1.2
    pin_error_max_m: float = 25.0
    wrong_pin_share: float = 0.04
    wrong_pin_m: tuple[float, float] = (80.0, 200.0)
    photo_absent: tuple[float, float] = (0.10, 0.40)
    network_quality: tuple[float, float] = (0.6, 1.4)
    outage_rate_per_day: float = 0.06
    outage_minutes: tuple[float, float] = (20.0, 150.0)
    router_swaps_per_year: float = 1.0
    access_points: int = 5
    cells: int = 4


@dataclass(frozen=True, slots=True)
class PostChoices:
    """Posts: how many a site has, their hours and rounds."""

    per_site_cycle: tuple[int, ...] = (3, 2, 2, 3, 2)
    hours_cycle: tuple[str, ...] = ("round_the_clock", "day", "round_the_clock", "night")
    crew: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"round_the_clock": 4, "day": 2, "night": 2})
    )
    heartbeat_minutes: tuple[int, ...] = (30, 45, 60)
    max_checkpoints: int = 12
    shared_phone_share: float = 0.04
    offset_share_of_radius: float = 0.15
    checkpoint_share_of_radius: float = 0.45


@dataclass(frozen=True, slots=True)
class GuardChoices:
    """People: coming and going, punctuality, and how the dishonest are spread."""

    turnover_per_year: float = 0.60
    turnover_horizon_days: int = 540
    vacancy_days: int = 7
    relief_sites_max: int = 3
    home_median_km: float = 8.0
    home_sigma: float = 0.5
    punctuality_sd_min: float = 3.0
    phone_quality_sigma: float = 0.15
    goat_share: float = 0.02
    habitual_share: float = 0.06
    occasional_share: float = 0.14
    sites_per_supervisor: float = 2.1
    strictness: tuple[float, float] = (0.2, 0.8)


@dataclass(frozen=True, slots=True)
class DeviceChoices:
    """Phones: what they tell, how wrong their clocks are, how often they are replaced."""

    replaced_per_year: float = 0.35
    mock_unknown_share: float = 0.30
    root_unknown_share: float = 0.50
    rooted_share: float = 0.02
    mock_left_on_rate: float = 0.0015
    clock_sd_s: float = 20.0
    clock_minutes_share: float = 0.01
    clock_hour_share: float = 0.002
    release_days: int = 28


@dataclass(frozen=True, slots=True)
class RosterChoices:
    """Who stands where: replacements, vacations and second sites."""

    replaced_share: float = 0.06
    replacement_not_entered: float = 1 / 3
    holiday_swap_factor: float = 2.5
    second_site_share: float = 0.015
    second_site_hours: float = 3.0
    travel_kmh: float = 30.0
    vacation_every_days: int = 182
    vacation_days: int = 14


@dataclass(frozen=True, slots=True)
class AttendanceChoices:
    """Lateness, forgotten check-outs, heartbeats and rounds of honest guards."""

    late_shares: tuple[float, float, float] = (0.80, 0.17, 0.03)
    usual_min: tuple[float, float] = (-4.0, 5.0)
    late_median_min: float = 6.0
    late_sigma: float = 0.8
    very_late_min: tuple[float, float] = (20.0, 120.0)
    bad_day_share: float = 0.05
    bad_day_min: float = 4.0
    leave_min: tuple[float, float] = (4.0, 5.0)
    check_out_forgotten: float = 0.03
    forgotten_corrected: float = 0.5
    spacing_s: float = 45.0
    correction_hours: tuple[float, float] = (2.0, 30.0)
    heartbeat_delay_s: float = 120.0
    heartbeat_missed: float = 0.026
    missed_in_clusters: float = 4.0
    incident_share: float = 0.02
    incident_intervals: tuple[float, float] = (2.0, 4.0)
    scan_missed: float = 0.02
    scan_gap_median_s: float = 170.0
    scan_gap_sigma: float = 0.5


@dataclass(frozen=True, slots=True)
class PositionChoices:
    """Error of a position fix by provider, in the order gps, fused, wifi, cell, none."""

    outdoor_mix: tuple[float, ...] = (0.70, 0.11, 0.11, 0.04, 0.04)
    indoor_mix: tuple[float, ...] = (0.35, 0.275, 0.275, 0.06, 0.04)
    error_median_m: tuple[float, ...] = (8.0, 40.0, 74.0, 600.0, 0.0)
    accuracy_sigma: float = 0.4
    jitter_rho_per_minute: float = 0.7
    altitude_sd_m: float = 6.0
    snapped_share: float = 0.015  # an indoor beacon reports the pin itself, always as sure
    snapped_accuracy_m: float = 10.0
    jump_share: float = 0.0005  # each makes two implausible speeds
    jump_km: tuple[float, float] = (5.0, 1000.0)


@dataclass(frozen=True, slots=True)
class ArrivalChoices:
    """How late an event reaches the server."""

    prompt_s: tuple[float, float] = (0.3, 5.0)
    offline_share: float = 0.042
    offline_median_min: float = 25.0
    offline_sigma: float = 1.27
    # An upper end keeps every event inside the days that a restart generates again.
    offline_max_h: float = 30.0


@dataclass(frozen=True, slots=True)
class SensorChoices:
    """Photographs, steps, radio: beta parameters and shares of missing values."""

    radio_missing: float = 0.25
    access_point_unknown: float = 0.06
    cell_unknown: float = 0.06
    steps_missing: float = 0.20
    steps_zero: float = 0.12
    genuine_face: tuple[float, float] = (14.0, 2.0)
    night_face: tuple[float, float] = (8.0, 3.0)
    goat_face: tuple[float, float] = (6.0, 5.0)
    impostor_face: tuple[float, float] = (3.0, 7.0)
    similar_face: tuple[float, float] = (6.0, 5.0)  # of a partly hidden impostor
    genuine_liveness: tuple[float, float] = (14.0, 2.5)
    night_liveness: tuple[float, float] = (9.0, 3.0)
    portrait_face: tuple[float, float] = (10.0, 2.5)
    portrait_liveness: tuple[float, float] = (2.0, 7.0)


@dataclass(frozen=True, slots=True)
class FraudChoices:
    """
    How often, by whom, and how well hidden.

    Rates are per check-in (A1, A2) and per night or day shift (A6), before `common_factor`.
    `spoof_variants` gives each (variant, detectability) of A2 its share.
    """

    buddy_rate: float = 0.0040
    spoof_rate: float = 0.0025
    night_sleep_rate: float = 0.010
    day_sleep_rate: float = 0.002
    common_factor: float = 1.0
    habitual_of_events: float = 0.70
    occasional_of_events: float = 0.25
    rate_shape: float = 2.0  # within each class; the classes differ far more
    favourite_weight: float = 0.7
    cap: float = 0.8
    cap_compensation: float = 1.25  # what the cap takes from the few who would exceed it
    season_days: int = 84
    season_share: float = 0.95
    episode_days: tuple[float, float] = (14.0, 70.0)
    caught_share: float = 0.4
    favourite_weekday_factor: float = 2.0
    pay_week_factor: float = 2.0
    ring_day_shape: float = 1.0
    ring_size_max: int = 5
    buddy_gap_min: tuple[float, float] = (1.0, 6.0)
    detectability: tuple[float, float, float] = (0.25, 0.50, 0.25)
    naive_partial_share: float = 0.5
    spoof_jitter_m: tuple[float, float, float] = (0.0, 12.0, 15.0)  # naive, careful, medium
    emboldened: float = 1.0  # factor on the rate of those who no longer get caught, after D3
    restless_spoofers: float = 0.15  # of the evolved ones: they shake their phones for steps
    sleep_intervals: tuple[float, float] = (2.2, 5.0)
    never_found: float = 0.30


@dataclass(frozen=True, slots=True)
class LabelChoices:
    """Who finds out, how late and how wrongly."""

    review_capacity_per_day: int = 15
    review_median_days: float = 1.0
    review_sigma: float = 0.84
    review_hit: float = 0.90
    review_false_confirm: float = 0.02
    review_unclear: float = 0.10
    complaint_share: float = 0.35
    complaint_days: tuple[float, float] = (2.0, 14.0)
    complaint_false: float = 0.10
    audit_block_days: int = 30
    audit_site_share: float = 0.02
    audit_days: tuple[float, float] = (15.0, 90.0)
    audit_wrong: float = 0.01


@dataclass(frozen=True, slots=True)
class WorldConfig:
    """
    One world, complete: equal configs and equal start dates give equal bytes.

    `drift_day` begins scenario D3 (fraud changes its signals over `drift_ramp_days`, 0 is
    abrupt); `bad_retrain_day` marks D11. None leaves the scenario out; without any it is D0.
    """

    seed: int
    tenants: tuple[TenantPlan, ...]
    n_sites: int
    relief_guards: int
    sites: SiteChoices = SiteChoices()
    posts: PostChoices = PostChoices()
    guards: GuardChoices = GuardChoices()
    devices: DeviceChoices = DeviceChoices()
    roster: RosterChoices = RosterChoices()
    attendance: AttendanceChoices = AttendanceChoices()
    positions: PositionChoices = PositionChoices()
    arrivals: ArrivalChoices = ArrivalChoices()
    sensors: SensorChoices = SensorChoices()
    fraud: FraudChoices = FraudChoices()
    labels: LabelChoices = LabelChoices()
    drift_day: int | None = None
    drift_ramp_days: int = 30
    bad_retrain_day: int | None = None


def small(seed: int) -> WorldConfig:
    """Return the world of the tests: one tenant, 6 sites, 10 posts, 30 guards."""
    return WorldConfig(
        seed=seed,
        tenants=(HARBOUR,),
        n_sites=6,
        relief_guards=0,
        posts=PostChoices(per_site_cycle=(2, 2, 1, 2, 1, 2)),
    )


def default(seed: int, *, scale: int = 1) -> WorldConfig:
    """Return the world of the measurements: per scale 25 sites, 60 posts and 200 guards."""
    return WorldConfig(
        seed=seed,
        tenants=(HARBOUR, MERIDIAN, MONSOON),
        n_sites=25 * scale,
        relief_guards=20 * scale,
    )


def demo(seed: int, *, drift_day: int | None = 95) -> WorldConfig:
    """
    Return the world of the live demonstration: small, and far worse than any real one.

    Fraud is raised until about one check-in in eight is fraudulent, and most of it leaves a
    trace, because a visitor watches for minutes what takes months; a wrong pin, a shared phone
    and phones with the mock option on are likewise made common enough to be met. None of these
    shares says anything about guards.

    Args:
        drift_day: the day on which fraud changes its signals at once; None never.
    """
    return WorldConfig(
        seed=seed,
        tenants=(HARBOUR,),
        n_sites=6,
        relief_guards=0,
        sites=SiteChoices(
            wrong_pin_share=0.15, wrong_pin_m=(40.0, 70.0), photo_absent=(0.05, 0.20)
        ),
        posts=PostChoices(per_site_cycle=(2, 2, 1, 2, 1, 2), shared_phone_share=0.1),
        guards=GuardChoices(habitual_share=0.27, occasional_share=0.27, turnover_per_year=0.3),
        devices=DeviceChoices(mock_left_on_rate=0.01),
        positions=PositionChoices(snapped_share=0.002),
        sensors=SensorChoices(
            access_point_unknown=0.02,
            cell_unknown=0.03,
            steps_zero=0.06,
            similar_face=(3.0, 7.0),
        ),
        fraud=FraudChoices(
            night_sleep_rate=0.004,
            day_sleep_rate=0.001,
            common_factor=19.0,
            rate_shape=30.0,
            season_share=1.0,
            season_days=70,
            episode_days=(49.0, 70.0),
            caught_share=0.1,
            ring_day_shape=6.0,
            detectability=(0.55, 0.39, 0.06),
            spoof_jitter_m=(0.0, 3.0, 8.0),
            emboldened=1.4,
        ),
        labels=LabelChoices(audit_site_share=0.2),
        drift_day=drift_day,
        drift_ramp_days=0,
    )
