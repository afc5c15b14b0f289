"""What this process counts about its own work, for /metrics."""

from collections.abc import Iterable
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

EVENTS = Counter(
    "watchfloor_ingest_events",
    "Events taken, by door and by what became of them.",
    ["door", "status"],
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "watchfloor_ingest_batch_seconds",
    "Seconds from the arrival of a batch to its commit.",
    ["door"],
    registry=REGISTRY,
)
PREDICTIONS = Counter(
    "watchfloor_posted_predictions",
    "Predictions posted to the API, by what became of them.",
    ["status"],
    registry=REGISTRY,
)
DECISIONS = Counter(
    "watchfloor_decisions",
    "Decisions that were committed, by outcome and by reason.",
    ["outcome", "reason"],
    registry=REGISTRY,
)


class Settled(Protocol):
    """What a workflow said about one event; empty words where nothing was decided about it."""

    @property
    def decision(self) -> str: ...

    @property
    def reason(self) -> str: ...


def count_decisions(results: Iterable[Settled]) -> None:
    """Count what was decided; call with what a workflow returned, which has committed then."""
    for result in results:
        if result.decision:
            DECISIONS.labels(outcome=result.decision, reason=result.reason).inc()
