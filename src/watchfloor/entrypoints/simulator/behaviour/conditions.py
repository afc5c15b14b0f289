"""What all guards of a city or a site share on one day: weather, holidays, pay, outages."""

from dataclasses import dataclass
from datetime import date, timedelta

from watchfloor.core.local_time import day_bounds
from watchfloor.entrypoints.simulator.population.entities import Site
from watchfloor.entrypoints.simulator.substreams import substream, unit
from watchfloor.entrypoints.simulator.world import World

SECONDS_PER_DAY = 86_400.0
BLOCK_DAYS = 30
PAY_WEEK_DAYS = 5
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class SiteDay:
    """One day at one site; outages are [from, until) in seconds since 1970."""

    conditions: "DayConditions"
    outages: tuple[tuple[float, float], ...]
    router_generation: int


@dataclass(frozen=True, slots=True)
class DayConditions:
    """One day of one tenant's city."""

    weekday: int  # Monday is 0
    is_holiday: bool
    is_eve: bool
    is_bad_day: bool
    is_pay_week: bool
    pay_week_share: float  # of all days


def day_conditions(world: World, tenant: str, day: int) -> DayConditions:
    """Return what one day is like for everyone of a tenant."""
    one = world.index.tenant[tenant]
    on = world.date_of(day)
    pay_week_days = min(PAY_WEEK_DAYS, one.pay_period_days // 2)
    bad_day_share = world.config.attendance.bad_day_share
    return DayConditions(
        weekday=on.weekday(),
        is_holiday=_is_holiday(on, one.holidays),
        is_eve=_is_holiday(on + timedelta(days=1), one.holidays),
        is_bad_day=unit(world.config.seed, "bad_day", tenant, day) < bad_day_share,
        is_pay_week=-day % one.pay_period_days < pay_week_days,
        pay_week_share=pay_week_days / one.pay_period_days,
    )


def site_day(world: World, site: Site, day: int) -> SiteDay:
    """Return what a shift that begins on that day meets at a site, until the next night."""
    return SiteDay(
        conditions=day_conditions(world, site.tenant, day),
        outages=tuple(
            outage for offset in (0, 1) if (outage := _find_outage(world, site, day + offset))
        ),
        router_generation=router_generation(world, site.code, day),
    )


def _find_outage(world: World, site: Site, day: int) -> tuple[float, float] | None:
    choices = world.config.sites
    if unit(world.config.seed, "outage", site.code, day) >= choices.outage_rate_per_day:
        return None
    rng = substream(world.config.seed, "outage", site.code, day)
    midnight, _ = day_bounds(world.date_of(day), world.index.zone[site.code])
    begins = midnight.timestamp() + SECONDS_PER_DAY * rng.random()
    return begins, begins + 60.0 * rng.uniform(*choices.outage_minutes)


def router_generation(world: World, site: str, day: int) -> int:
    """Return how many times the site's routers were swapped before that day."""
    chance = world.config.sites.router_swaps_per_year * BLOCK_DAYS / DAYS_PER_YEAR
    blocks = range(day // BLOCK_DAYS + 1)
    return sum(
        unit(world.config.seed, "router", site, block) < chance
        and day >= BLOCK_DAYS * (block + unit(world.config.seed, "router_day", site, block))
        for block in blocks
    )


def _is_holiday(on: date, holidays: tuple[tuple[int, int], ...]) -> bool:
    return (on.month, on.day) in holidays
