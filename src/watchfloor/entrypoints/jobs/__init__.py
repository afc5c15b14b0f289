"""The door of the worker: Celery tasks wake up, look for due rows, and call one workflow each."""
