import itertools
from dataclasses import replace

from watchfloor.core.geo import haversine_m
from watchfloor.core.reading_fields import is_name
from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.world import build_world, device_of

from .conftest import MONDAY


class TestWorld:
    def test_has_the_size_that_its_config_promises(self):
        small = build_world(worlds.small(11), start=MONDAY)
        default = build_world(worlds.default(11), start=MONDAY)

        assert (len(small.sites), len(small.posts), len(small.supervisors)) == (6, 10, 3)
        assert len({guard.seat for guard in small.guards}) == 30
        assert (len(default.tenants), len(default.sites), len(default.posts)) == (3, 25, 60)
        assert len({guard.seat for guard in default.guards}) == 200
        assert len(default.supervisors) == 12

    def test_has_codes_that_fit_into_a_topic_and_are_unique(self):
        world = build_world(worlds.default(11), start=MONDAY)
        groups = (world.sites, world.posts, world.guards, world.devices, world.supervisors)

        for group in groups:
            codes = [one.code for one in group]
            assert len(set(codes)) == len(codes)
            assert all(is_name(code) is None for code in codes)

    def test_leaves_everyone_else_alone_when_a_site_is_added(self):
        config = worlds.small(11)
        before = build_world(config, start=MONDAY)

        after = build_world(replace(config, n_sites=config.n_sites + 1), start=MONDAY)

        assert after.sites[: len(before.sites)] == before.sites
        assert after.posts[: len(before.posts)] == before.posts
        assert set(before.guards) <= set(after.guards)
        assert {d.code for d in before.devices} <= {d.code for d in after.devices}

    def test_gives_each_seat_one_holder_at_a_time(self):
        world = build_world(worlds.default(11), start=MONDAY)

        for seat in {guard.seat for guard in world.guards}:
            holders = sorted(
                (guard for guard in world.guards if guard.seat == seat), key=lambda g: g.start_day
            )
            for leaver, follower in itertools.pairwise(holders):
                assert leaver.end_day is not None
                assert leaver.end_day <= follower.start_day

    def test_ends_turnover_at_the_horizon_so_that_an_endless_run_needs_finite_people(self):
        world = build_world(worlds.small(11), start=MONDAY)

        last_holders = {guard.seat: guard for guard in world.guards}

        assert all(guard.end_day is None for guard in last_holders.values())

    def test_puts_some_sites_inside_one_fence_and_most_kilometres_apart(self):
        world = build_world(worlds.default(3, scale=8), start=MONDAY)
        chain = [site for site in world.sites if site.tenant == "harbour"]

        ways_km = sorted(
            haversine_m(lat=a.lat, lon=a.lon, to_lat=b.lat, to_lon=b.lon) / 1000
            for a, b in itertools.pairwise(chain)
        )

        # 66 ways of median 6 km and sigma 1.2: the median's standard error is 0.185 in logs.
        assert 6 / 2.1 <= ways_km[len(ways_km) // 2] <= 6 * 2.1
        assert ways_km[0] < 2.0

    def test_derives_device_secrets_from_the_seed_and_the_device(self):
        world = build_world(worlds.demo(11), start=MONDAY)
        other = build_world(worlds.demo(12), start=MONDAY)

        secrets = {world.device_secret(device.code) for device in world.devices}

        assert len(secrets) == len(world.devices)
        assert world.device_secret("DEV-0001") != other.device_secret("DEV-0001")

    def test_lets_the_crew_of_a_post_share_its_phone(self):
        config = worlds.small(11)
        config = replace(config, posts=replace(config.posts, shared_phone_share=1.0))
        world = build_world(config, start=MONDAY)
        crew = [guard for guard in world.guards if guard.home_post == "POST-001"]

        phones = {device_of(world, guard, day=3).code for guard in crew}

        assert phones == {"DEV-8001"}
