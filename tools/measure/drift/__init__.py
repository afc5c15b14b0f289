"""Simulated years: how often drift checks alarm without a reason, and how soon with one."""
