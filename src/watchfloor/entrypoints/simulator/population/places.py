"""Tenants, sites and posts; a site appended at the end changes none before it."""

import math
from collections.abc import Sequence

import numpy as np

from watchfloor.core.geo import EARTH_RADIUS_M
from watchfloor.entrypoints.simulator.config import PostChoices, TenantPlan, WorldConfig
from watchfloor.entrypoints.simulator.population.entities import Hours, Post, Site, Tenant
from watchfloor.entrypoints.simulator.population.names import place_name
from watchfloor.entrypoints.simulator.substreams import even_unit, substream

METRES_PER_DEGREE = math.radians(EARTH_RADIUS_M)
MIN_NEXT_SITE_KM = 0.05


def make_tenants(config: WorldConfig) -> tuple[Tenant, ...]:
    """Return the tenants in the order of the config."""
    return tuple(
        Tenant(
            code=plan.code,
            name=plan.name,
            time_zone=plan.time_zone,
            pay_period_days=plan.pay_period_days,
            holidays=plan.holidays,
        )
        for plan in config.tenants
    )


def make_sites(config: WorldConfig) -> tuple[Site, ...]:
    """
    Return the sites; tenants take turns, and each site lies a drawn way from its tenant's last.

    The way is log-normal with a small lower end, so that some neighbours share one fence.
    """
    sites: list[Site] = []
    for index in range(config.n_sites):
        plan = config.tenants[index % len(config.tenants)]
        before = next((site for site in reversed(sites) if site.tenant == plan.code), None)
        origin = (before.lat, before.lon) if before else (plan.lat, plan.lon)
        sites.append(_site(config, plan, index=index, origin=origin))
    return tuple(sites)


def make_posts(config: WorldConfig, sites: Sequence[Site]) -> tuple[Post, ...]:
    """Return the posts of all sites, site by site."""
    cycle = config.posts.per_site_cycle
    posts: list[Post] = []
    for site_index, site in enumerate(sites):
        for _ in range(cycle[site_index % len(cycle)]):
            posts.append(_post(config, site, index=len(posts)))
    return tuple(posts)


def moved(lat: float, lon: float, *, east_m: float, north_m: float) -> tuple[float, float]:
    """
    Return the point that lies so many metres east and north.

    Flat-earth arithmetic: within 1,000 km and away from the poles, which is all that is asked.

    >>> moved(0.0, 0.0, east_m=0.0, north_m=METRES_PER_DEGREE)
    (1.0, 0.0)
    """
    new_lat = lat + north_m / METRES_PER_DEGREE
    new_lon = lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat)))
    return new_lat, new_lon


def _site(
    config: WorldConfig, plan: TenantPlan, *, index: int, origin: tuple[float, float]
) -> Site:
    choices = config.sites
    code = f"SITE-{index + 1:02d}"
    rng = substream(config.seed, "site", code)
    kind = choices.kind_cycle[index % len(choices.kind_cycle)]
    way_km = choices.next_site_median_km * math.exp(choices.next_site_sigma * rng.standard_normal())
    east_m, north_m = _on_circle(rng, radius_m=1000.0 * max(way_km, MIN_NEXT_SITE_KM))
    lat, lon = moved(*origin, east_m=east_m, north_m=north_m)
    pin_error = _on_circle(rng, radius_m=_pin_error_m(config, rng, index=index))
    return Site(
        code=code,
        tenant=plan.code,
        name=place_name(index, kind=kind),
        kind=kind,
        time_zone=plan.time_zone,
        lat=round(lat, 6),
        lon=round(lon, 6),
        radius_m=round(rng.uniform(*choices.radius_m[kind])),
        altitude_m=round(rng.uniform(2.0, 60.0), 1),
        pin_error_east_m=pin_error[0],
        pin_error_north_m=pin_error[1],
        indoor_share=choices.indoor_share[kind],
        photo_absent_share=rng.uniform(*choices.photo_absent),
        network_quality=rng.uniform(*choices.network_quality),
    )


def _pin_error_m(config: WorldConfig, rng: np.random.Generator, *, index: int) -> float:
    choices = config.sites
    usual, wrong = rng.uniform(0.0, choices.pin_error_max_m), rng.uniform(*choices.wrong_pin_m)
    is_wrong = even_unit(config.seed, "wrong_pin", index=index) < choices.wrong_pin_share
    return wrong if is_wrong else usual


def _on_circle(rng: np.random.Generator, *, radius_m: float) -> tuple[float, float]:
    bearing = rng.uniform(0.0, 2.0 * math.pi)
    return radius_m * math.cos(bearing), radius_m * math.sin(bearing)


def _post(config: WorldConfig, site: Site, *, index: int) -> Post:
    choices = config.posts
    code = f"POST-{index + 1:03d}"
    rng = substream(config.seed, "post", code)
    shared = even_unit(config.seed, "post_phone", index=index) < choices.shared_phone_share
    hours = Hours(choices.hours_cycle[index % len(choices.hours_cycle)])
    return Post(
        code=code,
        tenant=site.tenant,
        site=site.code,
        name=f"{site.name}, post {index + 1}",
        hours=hours,
        heartbeat_min=int(rng.choice(choices.heartbeat_minutes)),
        shared_phone=f"DEV-8{index + 1:03d}" if shared else None,
        offset_m=_on_circle(
            rng, radius_m=site.radius_m * choices.offset_share_of_radius * rng.random()
        ),
        checkpoints_m=_checkpoints(choices, site, rng),
    )


def _checkpoints(
    choices: PostChoices, site: Site, rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    count = int(rng.integers(0, choices.max_checkpoints + 1))
    reach_m = site.radius_m * choices.checkpoint_share_of_radius
    return tuple(_on_circle(rng, radius_m=reach_m * rng.random()) for _ in range(count))
