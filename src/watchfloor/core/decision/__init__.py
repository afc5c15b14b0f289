"""What happens to a scored event, and why."""
