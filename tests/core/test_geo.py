"""Distances are metres at every latitude."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.geo import EARTH_RADIUS_M, haversine_m

LATS = st.floats(-90, 90)
LONS = st.floats(-180, 180)
POINTS = st.tuples(LATS, LONS)
DEGREE_M = math.pi * EARTH_RADIUS_M / 180


def metres(a, b):
    return haversine_m(lat=a[0], lon=a[1], to_lat=b[0], to_lon=b[1])


def by_unit_vectors(a, b):
    """The same distance by a route that shares no formula: the angle between two vectors."""
    (ax, ay, az), (bx, by, bz) = unit(a), unit(b)
    cross = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return EARTH_RADIUS_M * math.atan2(math.hypot(*cross), ax * bx + ay * by + az * bz)


def unit(point):
    lat, lon = map(math.radians, point)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


class TestHaversine:
    @pytest.mark.parametrize("lat", [0.0, 19.0, -33.9, 52.5, 69.6, 89.0])
    def test_a_degree_east_shrinks_with_the_latitude(self, lat):
        distance = metres((lat, 10.0), (lat, 10.001))

        # Over a thousandth of a degree the great circle leaves the parallel by under 1e-9.
        assert distance == pytest.approx(DEGREE_M / 1000 * math.cos(math.radians(lat)), rel=1e-8)

    def test_five_hundredths_of_a_degree_are_kilometres(self):
        assert metres((52.5, 13.4), (52.55, 13.4)) == pytest.approx(5560, abs=1)

    def test_crosses_the_date_line(self):
        assert metres((0, 179.9995), (0, -179.9995)) == pytest.approx(DEGREE_M / 1000, rel=1e-6)

    def test_reaches_half_around_the_earth(self):
        assert metres((0, 0), (0, 180)) == pytest.approx(math.pi * EARTH_RADIUS_M)
        assert metres((90, 5), (-90, 77)) == pytest.approx(math.pi * EARTH_RADIUS_M)

    @given(a=POINTS, b=POINTS)
    def test_equals_the_angle_between_vectors(self, a, b):
        # Near antipodes the haversine loses half its digits: sqrt(2^-52) * R is 0.1 m.
        assert metres(a, b) == pytest.approx(by_unit_vectors(a, b), rel=1e-9, abs=0.5)

    @given(a=POINTS, b=POINTS)
    def test_is_the_same_both_ways(self, a, b):
        assert metres(a, b) == pytest.approx(metres(b, a), rel=1e-12)

    @given(a=POINTS)
    def test_is_zero_at_home(self, a):
        assert metres(a, a) == 0
