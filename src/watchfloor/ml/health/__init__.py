"""Daily metrics and drift: every check of a model leaves a report."""
