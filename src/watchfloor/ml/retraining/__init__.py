"""Retrain jobs and challengers, and how they are judged."""
