"""The command line: `watchfloor ...` and the management commands."""
