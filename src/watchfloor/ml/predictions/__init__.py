"""Logged predictions, what became known of them, their day histograms, the rows to learn from."""
