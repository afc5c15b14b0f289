"""What a score is worth: coverage, event rates and error promises from known outcomes."""
