"""Intervals, Venn-Abers, certificates and windows beside the libraries that offer the same."""
