"""Calibration sets and the intervals read from them."""
