"""Configuration and the composition root: reads the environment, and starts the doors."""
