"""The demonstration: a simulated guarding company, ninety days old, at a fast clock."""
