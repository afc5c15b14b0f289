"""What this process counts about its own work, for /metrics."""

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
