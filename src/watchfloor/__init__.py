"""Watchfloor: a self-hosted control room for operations that machines score."""

__version__ = "0.1.0"
