"""The floor as people and programs read it."""
