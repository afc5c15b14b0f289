"""Is the model still what it was: its data, its scores, its errors."""
