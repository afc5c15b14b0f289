"""Doors: parse, call one workflow, answer. Only doors read the clock."""
