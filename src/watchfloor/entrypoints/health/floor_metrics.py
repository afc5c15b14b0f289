"""What waits in each tenant, read when somebody asks and kept nowhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from watchfloor.ledger import readiness
from watchfloor.noc.queries import floor_pages
from watchfloor.tenants.models import Tenant


class FloorCollector(Collector):
    """Gauges of some tenants: one whose token asks, or all for this machine itself."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = tenants

    def collect(self) -> Iterable[Metric]:
        """Read and return the gauges."""
        waiting = GaugeMetricFamily(
            "watchfloor_waiting", "What waits for people.", labels=["tenant", "what"]
        )
        due = GaugeMetricFamily(
            "watchfloor_due_rows", "Planned work, by state.", labels=["tenant", "state"]
        )
        outbox = GaugeMetricFamily(
            "watchfloor_undelivered_messages", "Messages nobody sent yet.", labels=["tenant"]
        )
        for tenant in self._tenants:
            for what, n in asdict(floor_pages.backlog(tenant)).items():
                waiting.add_metric([tenant.code, what], n)
            for state, n in readiness.due_by_state(tenant).items():
                due.add_metric([tenant.code, state], n)
            outbox.add_metric([tenant.code], readiness.undelivered(tenant))
        yield from (waiting, due, outbox)


class Together(CollectorRegistry):
    """The counters of this process, and the gauges of the tenants somebody may see."""

    def __init__(self, process: CollectorRegistry, floor: FloorCollector) -> None:
        super().__init__()
        self._process = process
        self._floor = floor

    def collect(self) -> Iterator[Metric]:
        """Return both."""
        yield from self._process.collect()
        yield from self._floor.collect()
