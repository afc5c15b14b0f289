"""Whether intervals and certificates kept their word."""
