"""Options that must be known before settings are read."""

import os
from collections.abc import Sequence


def apply_database_option(arguments: Sequence[str]) -> None:
    """Let `--database URL` decide which database this process uses."""
    for place, argument in enumerate(arguments):
        if argument == "--database" and place + 1 < len(arguments):
            os.environ["WATCHFLOOR_DATABASE_URL"] = arguments[place + 1]
        elif argument.startswith("--database="):
            os.environ["WATCHFLOOR_DATABASE_URL"] = argument.partition("=")[2]
