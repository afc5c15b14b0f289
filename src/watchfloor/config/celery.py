"""Celery: it only wakes workers; what must not be lost is a due row."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchfloor.config.settings")

from django.conf import settings  # isort: skip

EMBEDDED = not settings.ENV.broker_url

app = Celery("watchfloor")
app.conf.update(
    broker_url=settings.ENV.broker_url or "memory://",
    # The in-memory transport polls once a second unless told otherwise.
    broker_transport_options={"polling_interval": 0.05} if EMBEDDED else {},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=not EMBEDDED,
    task_default_queue="default",
    task_routes={
        "ml.retrain_model_async": {"queue": "heavy"},
        "jobs.sweep": {"queue": "critical"},
    },
    task_soft_time_limit=None if EMBEDDED else 1800,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "sweep": {"task": "jobs.sweep", "schedule": 1.0, "options": {"expires": 5}},
        "upkeep": {"task": "jobs.upkeep", "schedule": 30.0, "options": {"expires": 60}},
    },
)
QUEUES = ("critical", "default", "heavy")

app.set_default()
app.autodiscover_tasks(["watchfloor.entrypoints.jobs"], related_name="tasks", force=True)
