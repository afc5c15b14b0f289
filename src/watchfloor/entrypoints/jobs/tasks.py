"""
Tasks by the specification's names; each does the due rows of its kind.

Beat wakes `jobs.sweep` every second, and what is due is read from rows: a message that is
lost or delivered twice changes nothing.
"""

import os
import socket
import subprocess
import sys
import threading

from celery import shared_task
from django.conf import settings

from watchfloor.entrypoints import clock, due_work
from watchfloor.entrypoints.jobs.task_metrics import TaskMetrics
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ml.retraining import auto_retrain
from watchfloor.workflows import model_health, upkeep

MOST_A_SWEEP = 50

_one_child = threading.Lock()  # the embedded shape trains one model at a time


def this_lease() -> Lease:
    """Return a lease that names this thread."""
    worker = f"{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"
    return Lease(worker=worker, real_now=clock.real_now())


def _do_due(*kinds: str) -> int:
    n = 0
    with TaskMetrics(kinds[0]).measure():
        while n < MOST_A_SWEEP:
            row = due_work.run_next(now=clock.now(), lease=this_lease(), kinds=frozenset(kinds))
            if row is None:
                break
            n += 1
    return n


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Every second: do light due rows, wake the heavy worker, sum up the rollups."""
    _do_due(*sorted(due_work.LIGHT))
    if due.is_work_free(kinds=due_work.HEAVY, now=clock.now(), real_now=clock.real_now()):
        retrain_model_async.apply_async(expires=60)
    upkeep.compact_rollups()


@shared_task(name="jobs.upkeep")
def run_upkeep() -> None:
    """Twice a minute: drop what nobody will ask for again."""
    upkeep.tidy(now=clock.now(), real_now=clock.real_now())


@shared_task(name="ml.compute_daily_performance_metrics")
def compute_daily_performance_metrics() -> None:
    """Compute the metrics of every tenant whose local 02:00 has come."""
    _do_due(model_health.METRICS)


@shared_task(name="ml.detect_statistical_drift")
def detect_statistical_drift() -> None:
    """Check the scores of every tenant whose local 03:00 has come."""
    _do_due(model_health.STATISTICAL)


@shared_task(name="ml.detect_performance_drift")
def detect_performance_drift() -> None:
    """Check the performance of every tenant whose local 04:00 has come."""
    _do_due(model_health.PERFORMANCE)


@shared_task(name="ml.check_model_performance_rollback")
def check_model_performance_rollback() -> None:
    """Look at every promotion whose watch is due."""
    _do_due(auto_retrain.ROLLBACK_WATCH)


@shared_task(name="ml.retrain_model_async")
def retrain_model_async() -> None:
    """Do queued retrains; beside a web server in a process of their own."""
    if settings.ENV.broker_url:
        _do_due(*sorted(due_work.HEAVY))
        return
    # Every sweep asks until the child has claimed the row, which takes it a second to reach.
    if not _one_child.acquire(blocking=False):
        return
    try:
        # Training holds a processor for seconds: pages and intake of this process must not wait.
        with TaskMetrics("retrain_child").measure():
            subprocess.run([sys.executable, "-m", "watchfloor", "work", "--heavy"], check=False)
    finally:
        _one_child.release()
