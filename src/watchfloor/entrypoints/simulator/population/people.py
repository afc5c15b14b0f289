"""
Guards, supervisors and their devices.

A guard holds a seat; who leaves is followed by another person in the same seat. The relief pool
sits first, the crews of the posts follow in their order: an added site leaves the rest as it is.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from watchfloor.entrypoints.simulator.config import FraudChoices, WorldConfig
from watchfloor.entrypoints.simulator.population.entities import (
    Device,
    Guard,
    Integrity,
    Post,
    Site,
    Supervisor,
)
from watchfloor.entrypoints.simulator.population.names import person_name
from watchfloor.entrypoints.simulator.substreams import even_unit, substream, unit

DAYS_PER_YEAR = 365.0
SENIORITY_DAYS = 1500
FIRST_SITES = 6  # known to everyone, or the guards of the first site would know no other
PHONES = (
    ("Galaxy A54", "Android 14"),
    ("Pixel 7a", "Android 15"),
    ("Redmi 12", "Android 13"),
    ("Moto G84", "Android 14"),
)
QUIET_PHONES = (("iPhone 13", "iOS 18"), ("iPhone SE", "iOS 17"))
_SUCCESSOR_LETTERS = "BCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in a crew: whoever holds it works at this post, or in relief around this site."""

    index: int
    site: Site
    post: Post | None


def make_seats(
    config: WorldConfig, sites: Sequence[Site], posts: Sequence[Post]
) -> tuple[Seat, ...]:
    """Return the seats of the relief pool and of the crews of all posts."""
    site_by_code = {site.code: site for site in sites}
    relief: list[tuple[Site, Post | None]] = [
        (_relief_home(config, number, sites=sites), None) for number in range(config.relief_guards)
    ]
    crews = [
        (site_by_code[post.site], post)
        for post in posts
        for _ in range(config.posts.crew[post.hours])
    ]
    return tuple(
        Seat(index=index, site=site, post=post)
        for index, (site, post) in enumerate([*relief, *crews])
    )


def make_guards(
    config: WorldConfig, seats: Sequence[Seat], sites: Sequence[Site]
) -> tuple[Guard, ...]:
    """Return everyone who holds a seat until the turnover horizon, seat by seat."""
    rings = _ring_codes(config, seats)
    return tuple(
        guard
        for seat in seats
        for guard in _holders(config, seat, sites=sites, ring=rings[seat.index])
    )


def make_devices(
    config: WorldConfig,
    guards: Sequence[Guard],
    posts: Sequence[Post],
    supervisors: Sequence[Supervisor],
) -> tuple[Device, ...]:
    """Return the phones of guards and posts and the desks of supervisors."""
    phones = (phone for guard in guards for phone in _phones_of(config, guard))
    shared = (
        _device(config, post.shared_phone, tenant=post.tenant, holder=post.code, kind="post")
        for post in posts
        if post.shared_phone
    )
    desks = (
        _device(config, one.device, tenant=one.tenant, holder=one.code, kind="desk")
        for one in supervisors
    )
    return (*phones, *shared, *desks)


def make_supervisors(config: WorldConfig, sites: Sequence[Site]) -> tuple[Supervisor, ...]:
    """Return the supervisors; each answers for a few sites of one tenant."""
    wanted = len(sites) / config.guards.sites_per_supervisor
    per_tenant = max(1, round(wanted / len(config.tenants)))
    supervisors: list[Supervisor] = []
    for plan in config.tenants:
        codes = [site.code for site in sites if site.tenant == plan.code]
        for part in range(min(per_tenant, len(codes))):
            supervisors.append(
                _supervisor(
                    config,
                    tenant=plan.code,
                    sites=tuple(codes[part::per_tenant]),
                    number=len(supervisors) + 1,
                )
            )
    return tuple(supervisors)


def _supervisor(
    config: WorldConfig, *, tenant: str, sites: tuple[str, ...], number: int
) -> Supervisor:
    code = f"SUP-{number:03d}"
    rng = substream(config.seed, "supervisor", code)
    return Supervisor(
        code=code,
        tenant=tenant,
        name=person_name(rng.random()),
        sites=sites,
        device=f"DEV-9{number:03d}",
        strictness=rng.uniform(*config.guards.strictness),
    )


def _ring_codes(config: WorldConfig, seats: Sequence[Seat]) -> dict[int, str]:
    """Seats of one site in their order, cut into rings: crews know each other."""
    rings: dict[int, str] = {}
    seen: dict[str, int] = {}
    for seat in seats:
        position = seen.get(seat.site.code, 0)
        seen[seat.site.code] = position + 1
        rings[seat.index] = f"RING-{seat.site.code}-{position // config.fraud.ring_size_max + 1}"
    return rings


def _holders(
    config: WorldConfig, seat: Seat, *, sites: Sequence[Site], ring: str
) -> Iterator[Guard]:
    """Yield who holds a seat, one after another."""
    choices = config.guards
    start = -int(unit(config.seed, "seniority", seat.index) * SENIORITY_DAYS)
    stays = _stays(config, seat)
    # Tenure has no memory, so the first holder's rest is drawn like a whole one.
    end = int(next(stays))
    yield _guard(config, seat, sites=sites, ring=ring, letter="", start=start, end=end)
    for letter, stay in zip(_SUCCESSOR_LETTERS, stays, strict=False):
        if end > choices.turnover_horizon_days:
            return
        start = end + int(unit(config.seed, "vacancy", seat.index, letter) * choices.vacancy_days)
        end = start + int(stay)
        yield _guard(config, seat, sites=sites, ring=ring, letter=letter, start=start, end=end)


def _stays(config: WorldConfig, seat: Seat) -> Iterator[float]:
    rng = substream(config.seed, "tenure", seat.index)
    mean_days = DAYS_PER_YEAR / config.guards.turnover_per_year
    while True:
        yield 1.0 + rng.exponential(mean_days)


def _guard(
    config: WorldConfig,
    seat: Seat,
    *,
    sites: Sequence[Site],
    ring: str,
    letter: str,
    start: int,
    end: int,
) -> Guard:
    choices = config.guards
    code = f"G-{seat.index + 1:04d}{letter}"
    rng = substream(config.seed, "guard", code)
    integrity = _integrity(config, seat, letter=letter)
    return Guard(
        code=code,
        tenant=seat.site.tenant,
        name=person_name(rng.random()),
        home_site=seat.site.code,
        home_post=seat.post.code if seat.post else None,
        relief_sites=_relief_sites(config, code, home=seat.site, sites=sites),
        start_day=start,
        # After the horizon nobody leaves, or an endless run would need endless people.
        end_day=end if end <= choices.turnover_horizon_days else None,
        seat=seat.index,
        punctuality_min=rng.normal(0.0, choices.punctuality_sd_min),
        phone_quality=math.exp(choices.phone_quality_sigma * rng.standard_normal()),
        goat=bool(rng.random() < choices.goat_share),
        vacation_phase=int(rng.integers(0, config.roster.vacation_every_days)),
        integrity=integrity,
        rate_multiplier=rng.gamma(config.fraud.rate_shape, 1.0 / config.fraud.rate_shape),
        favourite=_favourite(config.fraud, rng),
        weekdays=_two_weekdays(rng),
        ring=ring,
    )


def _integrity(config: WorldConfig, seat: Seat, *, letter: str) -> Integrity:
    choices = config.guards
    place = even_unit(config.seed, f"integrity{letter}", index=seat.index)
    if place < choices.habitual_share:
        return Integrity.HABITUAL
    if place < choices.habitual_share + choices.occasional_share:
        return Integrity.OCCASIONAL
    return Integrity.HONEST


def _favourite(choices: FraudChoices, rng: np.random.Generator) -> str:
    buddy = choices.buddy_rate / (choices.buddy_rate + choices.spoof_rate)
    return "A1" if rng.random() < buddy else "A2"


def _two_weekdays(rng: np.random.Generator) -> tuple[int, int]:
    first, second = rng.choice(7, size=2, replace=False)
    return int(first), int(second)


def _relief_home(config: WorldConfig, number: int, *, sites: Sequence[Site]) -> Site:
    """Each site draws for each relief guard, the highest wins: a new site moves few of them."""
    return max(sites, key=lambda site: unit(config.seed, "relief_home", number, site.code))


def _relief_sites(
    config: WorldConfig, guard: str, *, home: Site, sites: Sequence[Site]
) -> tuple[str, ...]:
    """Choose up to three other sites of the tenant, none of them newer than one's own."""
    wanted = int(unit(config.seed, "relief", guard) * (config.guards.relief_sites_max + 1))
    known = sites[: max(sites.index(home) + 1, FIRST_SITES)]
    others = [site.code for site in known if site.tenant == home.tenant and site != home]
    return tuple(sorted(others, key=lambda site: unit(config.seed, "relief", guard, site))[:wanted])


def _phones_of(config: WorldConfig, guard: Guard) -> Iterator[Device]:
    """Yield a guard's phones, one after another; the first code ends like the guard's."""
    rng = substream(config.seed, "phones", guard.code)
    mean_days = DAYS_PER_YEAR / config.devices.replaced_per_year
    last_day = guard.end_day or config.guards.turnover_horizon_days
    start = guard.start_day
    codes = _device_codes(guard)
    for code in islice(codes, len(_SUCCESSOR_LETTERS)):
        # Phones replaced before the world begins are of no interest.
        end = max(start, 0) + 1 + int(rng.exponential(mean_days))
        is_last = end >= last_day
        yield _device(
            config,
            code,
            tenant=guard.tenant,
            holder=guard.code,
            kind="guard",
            start=start,
            end=guard.end_day if is_last else end,
        )
        if is_last:
            return
        start = end


def _device_codes(guard: Guard) -> Iterator[str]:
    first = guard.code.replace("G-", "DEV-")
    yield first
    for number in range(2, 100):
        yield f"{first}-{number}"


def _device(
    config: WorldConfig,
    code: str,
    *,
    tenant: str,
    holder: str,
    kind: str,
    start: int = -1,
    end: int | None = None,
) -> Device:
    choices = config.devices
    rng = substream(config.seed, "device", code)
    tells_mock = bool(rng.random() >= choices.mock_unknown_share)
    models = PHONES if tells_mock else QUIET_PHONES
    model, os = models[int(rng.integers(len(models)))]
    return Device(
        code=code,
        tenant=tenant,
        holder=holder,
        kind=kind,
        model=model,
        os=os,
        start_day=start,
        end_day=end,
        tells_mock=tells_mock,
        tells_root=bool(rng.random() >= choices.root_unknown_share),
        rooted=bool(rng.random() < choices.rooted_share),
        clock_offset_s=_clock_offset_s(config, rng),
    )


def _clock_offset_s(config: WorldConfig, rng: np.random.Generator) -> float:
    choices = config.devices
    offset_s = rng.normal(0.0, choices.clock_sd_s)
    luck = rng.random()
    if luck < choices.clock_hour_share:
        return offset_s + 3600.0
    if luck < choices.clock_hour_share + choices.clock_minutes_share:
        return offset_s + rng.uniform(-600.0, 600.0)
    return offset_s
