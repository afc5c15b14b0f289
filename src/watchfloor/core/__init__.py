"""The core thinks: pure functions over frozen records, no framework, no clock, no hidden chance."""
