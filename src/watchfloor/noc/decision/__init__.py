"""Thresholds and caps, the decision under them, and what follows from it."""
