"""Streams made once: a small world as it is, a small one full of fraud, and the demonstration."""

from dataclasses import replace
from datetime import date

import pytest

from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.stream import SimulatedStream, generate

MONDAY = date(2026, 1, 5)


@pytest.fixture(scope="session")
def small_stream() -> SimulatedStream:
    return generate(worlds.small(11), start=MONDAY, days=45)


@pytest.fixture(scope="session")
def demo_stream() -> SimulatedStream:
    """Ninety days of the demonstration, before anything drifts."""
    return generate(worlds.demo(11, drift_day=None), start=MONDAY, days=90)


@pytest.fixture(scope="session")
def audited_stream() -> SimulatedStream:
    """A demonstration in which auditors look at every site."""
    config = worlds.demo(12, drift_day=None)
    audited = replace(config, labels=replace(config.labels, audit_site_share=1.0))
    return generate(audited, start=MONDAY, days=60)
