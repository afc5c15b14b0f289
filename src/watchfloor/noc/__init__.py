"""The floor remembers here: signals, fraud predictions, alerts, tickets, reviews, thresholds."""
