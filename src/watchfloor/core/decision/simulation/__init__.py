"""What would happen at other thresholds: over counted history at once, and event by event."""
