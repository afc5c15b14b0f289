"""Features see what was known when the event arrived, and nothing of what came later."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.features.guard_checkin import (
    FEATURES,
    HISTORY_WINDOW,
    CheckinHistory,
    PastReading,
    SiteFacts,
    guard_checkin_features,
)
from watchfloor.core.signals import SignalReading

AT = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)  # a Monday, 06:00 in Berlin
MINUTE = timedelta(minutes=1)
HARBOUR = SiteFacts(
    lat=53.54, lon=9.97, fence_radius_m=100, zone=ZoneInfo("Europe/Berlin"), heartbeat_min=60
)
METRE = 1 / 111_195.08  # degrees of latitude


def make_event(*, north_m=0.0, payload=None, **fields):
    defaults = {
        "tenant": "acme",
        "device": "phone-7",
        "kind": "checkin",
        "event_id": "now",
        "event_type": "check_in",
        "occurred_at": AT,
        "received_at": AT + timedelta(seconds=3),
        "guard": "mia",
        "site": "harbour",
        "shift": "monday",
        "lat": HARBOUR.lat + north_m * METRE,
        "lon": HARBOUR.lon,
        "accuracy_m": 10.0,
        "payload": payload or {},
    }
    return SignalReading(**{**defaults, **fields})


def make_past(minutes_before, *, event_type="heartbeat", guard="mia", north_m=0.0, **fields):
    at = AT - minutes_before * MINUTE
    defaults = {
        "event_id": f"{guard}-{event_type}-{minutes_before}",
        "event_type": event_type,
        "occurred_at": at,
        "received_at": at,
        "guard": guard,
        "device": "phone-7",
        "lat": HARBOUR.lat + north_m * METRE,
        "lon": HARBOUR.lon,
        "accuracy_m": 20.0,
    }
    return PastReading(**{**defaults, **fields})


def features(event=None, **history):
    return guard_checkin_features(
        event or make_event(), CheckinHistory(**{"site": HARBOUR, **history})
    )


class TestTheVector:
    def test_has_every_name_in_its_order(self):
        assert tuple(features()) == FEATURES

    def test_says_none_for_what_a_bare_event_does_not_tell(self):
        bare = make_event(guard=None, site=None, shift=None, lat=None, lon=None, accuracy_m=None)

        vector = features(bare, site=None)

        unknown = {name for name, value in vector.items() if value is None}
        assert unknown == set(FEATURES) - {
            *("is_check_out", "manual", "rostered", "sync_delay_s"),
            *("fix_missing", "mock_missing", "face_missing", "liveness_missing"),
        }

    def test_marks_what_is_missing(self):
        vector = features(make_event(lat=None, lon=None))

        missing = ("fix_missing", "mock_missing", "face_missing", "liveness_missing")
        assert [vector[name] for name in missing] == [1.0] * 4

    def test_takes_over_what_the_phone_says(self):
        payload = {
            "mock_flag": True,
            "face_score": 0.25,
            "liveness_score": 0,
            "steps_since_last": 0,
        }

        vector = features(make_event(payload={**payload, "rooted_flag": False, "provider": "wifi"}))

        assert vector["mock"] == 1.0
        assert vector["face_score"] == 0.25
        assert vector["liveness_score"] == 0.0
        assert vector["steps"] == 0.0
        assert vector["rooted"] == 0.0
        assert vector["satellite_fix"] == 0.0
        assert vector["liveness_missing"] == 0.0


class TestTime:
    def test_is_the_hour_on_the_wall_of_the_site(self):
        vector = features()

        # 06:00 in Berlin is a quarter of the circle; Monday begins the week.
        assert (vector["hour_sin"], vector["hour_cos"]) == pytest.approx((1, 0), abs=1e-12)
        assert (vector["weekday_sin"], vector["weekday_cos"]) == (0.0, 1.0)

    @pytest.mark.parametrize(("minutes", "late"), [(7, 7.0), (-4, -4.0), (0, 0.0)])
    def test_lateness_is_signed_minutes(self, minutes, late):
        vector = features(make_event(planned_at=AT - minutes * MINUTE))

        assert vector["lateness_min"] == late

    @pytest.mark.parametrize(("known", "flag"), [(True, 1.0), (False, 0.0), (None, None)])
    def test_a_holiday_is_what_the_caller_knows(self, known, flag):
        assert features(is_holiday=known)["holiday"] == flag

    def test_an_offline_event_shows_how_late_it_came(self):
        assert features(make_event(received_at=AT + 25 * MINUTE))["sync_delay_s"] == 1500


class TestHands:
    def test_a_correction_is_manual(self):
        assert features(make_event(event_type="correction"))["manual"] == 1.0
        assert features(make_event(payload={"manual_by": "boss-ann"}))["manual"] == 1.0
        assert features()["manual"] == 0.0


class TestPlace:
    @pytest.mark.parametrize(
        ("north_m", "accuracy_m", "outside_m"),
        [(0, 10, 0), (105, 10, 0), (180, 10, 70), (180, 90, 0)],
        ids=["centre", "within accuracy", "outside", "far but inaccurate"],
    )
    def test_the_fence_allows_for_the_accuracy(self, north_m, accuracy_m, outside_m):
        vector = features(make_event(north_m=north_m, accuracy_m=accuracy_m))

        assert vector["outside_fence_m"] == pytest.approx(outside_m, abs=0.01)
        assert vector["centre_distance_m"] == pytest.approx(north_m, abs=0.01)

    def test_the_exact_centre_is_zero_metres_away(self):
        assert features()["centre_distance_m"] == 0.0


class TestSpeed:
    def test_is_what_the_way_from_the_last_accurate_fix_takes(self):
        past = (make_past(30, north_m=-50_000), make_past(90, north_m=0))

        vector = features(guard=past)

        # 50 km less 10 m and 20 m of accuracy in half an hour.
        assert vector["speed_kmh"] == pytest.approx(2 * 49.970, rel=1e-4)

    def test_passes_over_an_inaccurate_fix(self):
        past = (make_past(5, north_m=-50_000, accuracy_m=600.0), make_past(60, north_m=0))

        assert features(guard=past)["speed_kmh"] == 0.0

    def test_of_two_fixes_at_one_instant_is_finite(self):
        vector = features(guard=(make_past(0, north_m=-1030),))

        assert vector["speed_kmh"] == pytest.approx(60, abs=0.1)

    @pytest.mark.parametrize(
        "past",
        [(), (make_past(25 * 60),), (make_past(5, accuracy_m=None),), (make_past(5, lat=None),)],
        ids=["none", "a day ago", "of unknown accuracy", "without position"],
    )
    def test_is_unknown_without_a_fix_to_compare(self, past):
        assert features(guard=past)["speed_kmh"] is None


class TestAccuracySpread:
    def test_is_zero_when_the_accuracy_never_changes(self):
        past = tuple(make_past(k, accuracy_m=10.0) for k in (10, 20, 30))

        assert features(guard=past)["accuracy_spread"] == 0.0

    def test_is_the_range_over_the_mean_of_the_last_five_and_this_one(self):
        old = make_past(600, accuracy_m=500.0)
        past = tuple(make_past(k, accuracy_m=float(k)) for k in (10, 20, 30, 40, 50))

        # 10 now; 10, 20, 30, 40, 50 before: a range of 40 over a mean of 160 / 6.
        assert features(guard=(old, *past))["accuracy_spread"] == pytest.approx(40 / (160 / 6))

    def test_is_unknown_with_a_single_earlier_fix(self):
        assert features(guard=(make_past(10),))["accuracy_spread"] is None


class TestDevice:
    def test_of_one_guard_is_not_shared(self):
        vector = features(device=(make_past(3), make_past(60)))

        assert vector["device_shared"] == 0.0
        assert vector["device_other_gap_s"] is None
        assert vector["device_other_guards"] == 0.0

    def test_used_by_another_guard_minutes_before_is_shared(self):
        vector = features(device=(make_past(4, guard="ivo"), make_past(900, guard="zoe")))

        assert vector["device_shared"] == 1.0
        assert vector["device_other_gap_s"] == 240.0
        assert vector["device_other_guards"] == 2.0

    def test_of_a_post_is_shared_but_not_within_minutes(self):
        vector = features(device=(make_past(480, guard="ivo"),))

        assert vector["device_shared"] == 0.0
        assert vector["device_other_gap_s"] == 28_800.0

    def test_sees_a_neighbour_of_the_same_micro_batch(self):
        arrival = AT + timedelta(seconds=3)
        neighbour = make_past(1, guard="ivo", received_at=arrival)

        assert features(device=(neighbour,))["device_shared"] == 1.0


class TestNetworks:
    EVENT = make_event(payload={"wifi_bssid_hash": "w1", "cell_id_hash": "c9"})

    def test_are_known_when_seen_at_this_site_before(self):
        vector = features(self.EVENT, networks_first_seen={"w1": AT - 600 * MINUTE})

        assert (vector["wifi_seen_here"], vector["cell_seen_here"]) == (1.0, 0.0)

    def test_are_unknown_at_a_site_without_a_past(self):
        vector = features(self.EVENT, networks_first_seen={"w1": self.EVENT.received_at})

        assert (vector["wifi_seen_here"], vector["cell_seen_here"]) == (None, None)


class TestHeartbeats:
    NIGHT = (
        make_past(1440, event_type="check_in", shift="sunday"),
        *(make_past(1440 - 60 * k, shift="sunday") for k in (1, 2, 3, 5)),
        make_past(960, event_type="check_out", shift="sunday"),
    )

    def test_at_a_start_are_those_of_the_shift_before(self):
        # Eight hours, a call each hour, four answered.
        assert features(guard=self.NIGHT)["heartbeats_answered"] == 0.5

    def test_at_a_check_out_are_those_of_the_shift_that_ends(self):
        day = (
            make_past(480, event_type="check_in", shift="monday"),
            make_past(420, shift="monday"),
            make_past(360, shift="monday"),
        )

        vector = features(make_event(event_type="check_out"), guard=(*self.NIGHT, *day))

        assert vector["heartbeats_answered"] == 0.25

    def test_are_none_when_all_were_missed(self):
        asleep = (self.NIGHT[0], self.NIGHT[-1])

        assert features(guard=asleep)["heartbeats_answered"] == 0.0

    @pytest.mark.parametrize(
        ("site", "guard"),
        [(HARBOUR, ()), (replace(HARBOUR, heartbeat_min=None), NIGHT), (HARBOUR, NIGHT[:1])],
        ids=["first shift", "post without calls", "a check-in alone"],
    )
    def test_are_unknown_where_none_were_due(self, site, guard):
        assert features(site=site, guard=guard)["heartbeats_answered"] is None


PASTS = st.lists(
    st.builds(
        make_past,
        st.integers(-300, 12_000),
        event_type=st.sampled_from(["check_in", "check_out", "heartbeat", "checkpoint"]),
        guard=st.sampled_from(["mia", "ivo", "zoe", None]),
        shift=st.sampled_from(["monday", "sunday", None]),
        north_m=st.integers(-90_000, 90_000),
        accuracy_m=st.sampled_from([None, 0.0, 5.0, 12.5, 80.0, 600.0]),
    ),
    max_size=12,
    unique_by=lambda past: past.event_id,
)
EVENTS = st.builds(
    make_event,
    event_type=st.sampled_from(["check_in", "check_out", "correction"]),
    shift=st.sampled_from(["monday", None]),
    accuracy_m=st.sampled_from([None, 0.0, 10.0, 300.0]),
    payload=st.just({"wifi_bssid_hash": "w1", "cell_id_hash": "c1"}),
)


class TestThePast:
    @given(event=EVENTS, past=PASTS, later=PASTS, seed=st.integers(0, 99))
    def test_is_all_that_counts(self, event, past, later, seed):
        # Whatever arrives after the event, in whatever order, and the event itself.
        poison = [
            msgspec.structs.replace(
                r, event_id=f"p-{r.event_id}", received_at=event.received_at + MINUTE
            )
            for r in later
        ]
        poisoned = [*past, *poison, PastReading.of(event)]
        random.Random(seed).shuffle(poisoned)
        seen = {"w1": AT - MINUTE}

        clean = features(event, guard=past, device=past, networks_first_seen=seen)
        dirty = features(
            event,
            guard=poisoned,
            device=poisoned,
            networks_first_seen={**seen, "c1": event.received_at + MINUTE},
        )

        assert dirty == clean

    @given(event=EVENTS, past=PASTS)
    def test_yields_finite_numbers_or_none(self, event, past):
        vector = features(event, guard=past, device=past)

        assert all(value is None or math.isfinite(value) for value in vector.values())
        assert all(value is None or type(value) is float for value in vector.values())

    def test_ends_seven_days_back(self):
        stale = make_past(HISTORY_WINDOW / MINUTE + 1, guard="ivo")

        assert features(device=(stale,)) == features()
