"""The world: everyone and everything of one config, with the look-ups that a day needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from watchfloor.entrypoints.simulator.config import WorldConfig
from watchfloor.entrypoints.simulator.population import people, places
from watchfloor.entrypoints.simulator.population.entities import (
    Device,
    Guard,
    Post,
    Site,
    Supervisor,
    Tenant,
    is_in_force,
)
from watchfloor.entrypoints.simulator.substreams import code

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """
    Everything that exists, for creating the product's rows and for making days.

    `start` is the local date of day 0. A world equals itself alone: its days are remembered by it.
    """

    config: WorldConfig
    start: date
    tenants: tuple[Tenant, ...]
    sites: tuple[Site, ...]
    posts: tuple[Post, ...]
    guards: tuple[Guard, ...]
    devices: tuple[Device, ...]
    supervisors: tuple[Supervisor, ...]
    index: "WorldIndex" = field(repr=False)

    def date_of(self, day: int) -> date:
        """Return the local date of a day."""
        return self.start + timedelta(days=day)

    def device_secret(self, device: str) -> str:
        """
        Return the password of a device, derived from the seed: for demonstrations only.

        Whoever knows the seed knows every password, so a real installation never uses it.
        """
        return code(self.config.seed, "secret", device, length=32)


@dataclass(frozen=True, slots=True)
class WorldIndex:
    """Look-ups by code; made once by `build_world`."""

    site: Mapping[str, Site]
    post: Mapping[str, Post]
    zone: Mapping[str, ZoneInfo]
    tenant: Mapping[str, Tenant]
    posts_of_site: Mapping[str, tuple[Post, ...]]
    crew_of_post: Mapping[str, tuple[tuple[Guard, ...], ...]]
    guards_for_site: Mapping[str, tuple[Guard, ...]]
    devices_of: Mapping[str, tuple[Device, ...]]
    supervisor_of_site: Mapping[str, Supervisor]


def build_world(config: WorldConfig, *, start: date) -> World:
    """Make the world of a config whose first day is `start`."""
    sites = places.make_sites(config)
    posts = places.make_posts(config, sites)
    guards = people.make_guards(config, people.make_seats(config, sites, posts), sites)
    supervisors = people.make_supervisors(config, sites)
    devices = people.make_devices(config, guards, posts, supervisors)
    tenants = places.make_tenants(config)
    return World(
        config=config,
        start=start,
        tenants=tenants,
        sites=sites,
        posts=posts,
        guards=guards,
        devices=devices,
        supervisors=supervisors,
        index=WorldIndex(
            site={site.code: site for site in sites},
            post={post.code: post for post in posts},
            zone={site.code: ZoneInfo(site.time_zone) for site in sites},
            tenant={tenant.code: tenant for tenant in tenants},
            posts_of_site=_grouped((post.site, post) for post in posts),
            crew_of_post=_crews(guards),
            guards_for_site=_grouped(
                (site, guard) for guard in guards for site in (guard.home_site, *guard.relief_sites)
            ),
            devices_of=_grouped((device.holder, device) for device in devices),
            supervisor_of_site={site: one for one in supervisors for site in one.sites},
        ),
    )


def device_of(world: World, guard: Guard, *, day: int) -> Device:
    """Return the phone a guard carries that day: the shared one of the home post, or the own."""
    post = world.index.post.get(guard.home_post or "")
    if post is not None and post.shared_phone is not None:
        return world.index.devices_of[post.code][0]
    phones = world.index.devices_of[guard.code]
    return next((phone for phone in phones if is_in_force(phone, day)), phones[-1])


def desk_of(world: World, supervisor: Supervisor) -> Device:
    """Return the device on which a supervisor works."""
    return world.index.devices_of[supervisor.code][0]


def _crews(guards: Iterable[Guard]) -> dict[str, tuple[tuple[Guard, ...], ...]]:
    """Group guards by post, and within a post by seat: the holders of one seat take turns."""
    seats: dict[tuple[str, int], list[Guard]] = {}
    for guard in guards:
        if guard.home_post is not None:
            seats.setdefault((guard.home_post, guard.seat), []).append(guard)
    return _grouped((post, tuple(holders)) for (post, _), holders in seats.items())


def _grouped(pairs: Iterable[tuple[str, Thing]]) -> dict[str, tuple[Thing, ...]]:
    groups: dict[str, list[Thing]] = {}
    for key, thing in pairs:
        groups.setdefault(key, []).append(thing)
    return {key: tuple(group) for key, group in groups.items()}
