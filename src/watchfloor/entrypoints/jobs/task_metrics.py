"""Counts and durations of tasks, read by Prometheus from any process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Counter, Histogram

_RUNS = Counter("watchfloor_task_runs_total", "Task runs by outcome", ["task", "outcome"])
_SECONDS = Histogram("watchfloor_task_seconds", "Duration of task runs", ["task"])


@dataclass(frozen=True, slots=True)
class TaskMetrics:
    """The meters of one task; a run counts when it has ended, not when it begins."""

    task: str

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Count one run as done or failed, and how long it took."""
        began, outcome = time.perf_counter(), "failed"
        try:
            yield
            outcome = "done"
        finally:
            _RUNS.labels(self.task, outcome).inc()
            _SECONDS.labels(self.task).observe(time.perf_counter() - began)
