"""Models remember here: registry, predictions, outcomes, calibration, rollups, metrics, jobs."""
