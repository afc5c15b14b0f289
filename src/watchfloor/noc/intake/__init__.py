"""What came in: signals, predictions, keys of events stored once, dead letters."""
