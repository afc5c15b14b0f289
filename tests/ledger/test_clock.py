"""One clock row maps real time to the time of the operation."""

from datetime import UTC, datetime, timedelta

import pytest

from watchfloor.core.errors import InvalidInput
from watchfloor.ledger.clock import read_clock, set_clock, virtual_time

pytestmark = pytest.mark.django_db

REAL = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
VIRTUAL = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)


class TestVirtualTime:
    def test_is_real_time_before_the_first_setting(self):
        assert virtual_time(read_clock(), real_now=REAL) == REAL

    def test_runs_at_its_speed_from_its_anchor(self):
        set_clock(virtual_now=VIRTUAL, speed=21_600, real_now=REAL)

        later = virtual_time(read_clock(), real_now=REAL + timedelta(seconds=4))

        assert later == VIRTUAL + timedelta(days=1)

    def test_stands_still_at_speed_nought(self):
        set_clock(virtual_now=VIRTUAL, speed=0, real_now=REAL)

        assert virtual_time(read_clock(), real_now=REAL + timedelta(days=9)) == VIRTUAL


class TestSetClock:
    @pytest.mark.parametrize("speed", [-1.0, float("nan")])
    def test_refuses_to_run_back(self, speed):
        with pytest.raises(InvalidInput, match="speed"):
            set_clock(virtual_now=VIRTUAL, speed=speed, real_now=REAL)
