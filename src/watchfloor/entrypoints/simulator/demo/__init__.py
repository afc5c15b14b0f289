"""The live demonstration: a simulated guarding company, ninety days old, at an accelerated clock."""
