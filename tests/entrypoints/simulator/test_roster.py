from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from watchfloor.core.geo import haversine_m
from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.roster import day_roster
from watchfloor.entrypoints.simulator.world import build_world

from .conftest import MONDAY

CLOCK_FORWARD = date(2026, 3, 29)
CLOCK_BACK = date(2026, 10, 25)


class TestDayRoster:
    def test_staffs_nearly_every_slot(self):
        world = build_world(worlds.small(11), start=MONDAY)

        worked = sum(len(day_roster(world, day)) for day in range(45))

        # Five posts of three shifts and five of one: twenty a day, less open slots.
        assert 0.95 * 900 <= worked <= 1.05 * 900

    def test_never_puts_one_guard_in_two_places_at_once(self):
        world = build_world(worlds.default(11), start=MONDAY)

        for day in range(20):
            shifts = [*day_roster(world, day), *day_roster(world, day + 1)]
            last_end: dict[str, float] = {}
            for shift in sorted(shifts, key=lambda shift: shift.start):
                assert shift.start >= last_end.get(shift.guard.code, 0.0)
                last_end[shift.guard.code] = shift.end

    def test_has_a_short_and_a_long_night_when_clocks_change(self):
        world = build_world(worlds.small(11), start=date(2026, 1, 5))

        lengths = {
            night: {
                (shift.end - shift.start) / 3600
                for shift in day_roster(world, (night - world.start).days - 1)
                if shift.is_night and shift.start_hour == 22
            }
            for night in (CLOCK_FORWARD, CLOCK_BACK)
        }

        assert lengths == {CLOCK_FORWARD: {7.0}, CLOCK_BACK: {9.0}}

    def test_keeps_local_hours_in_every_zone(self):
        world = build_world(worlds.default(11), start=MONDAY)

        for shift in day_roster(world, 100):
            local = datetime.fromtimestamp(shift.start, UTC).astimezone(
                ZoneInfo(shift.site.time_zone)
            )
            if shift.slot < 3:
                assert (local.hour, local.minute) == (shift.start_hour, 0)

    def test_gives_time_to_travel_to_a_second_site(self):
        world = build_world(worlds.default(11), start=MONDAY)
        pairs = []
        for day in range(60):
            by_key = {shift.key: shift for shift in day_roster(world, day)}
            pairs += [
                (by_key[k.removesuffix("-R")], s) for k, s in by_key.items() if k[-2:] == "-R"
            ]

        for first, second in pairs:
            way_m = haversine_m(
                lat=first.site.lat,
                lon=first.site.lon,
                to_lat=second.site.lat,
                to_lon=second.site.lon,
            )
            assert second.site != first.site
            assert way_m / (second.start - first.end) * 3.6 < 60

        assert len(pairs) > 10

    def test_replaces_some_guards_and_forgets_to_enter_a_third_of_them(self):
        world = build_world(worlds.default(11), start=MONDAY)

        entered = Counter(shift.entered for day in range(60) for shift in day_roster(world, day))

        # Two per cent of about 7,200 shifts, where a stand-in was free; standard error 0.17 %.
        share = entered[False] / entered.total()
        assert 0.008 <= share <= 0.028
