"""
The watchfloor command in a process that kills itself at a moment named by its statements.

    child_mortal.py "UPDATE ml_retrain_job training" 3 SIGKILL replay orders.csv ...

dies with SIGKILL, as by `kill -9`, right after the third statement that follows the first one
which holds all the given words, in its text or as parameters; with 0 right after that one.
SIGSTOP makes it hang instead.
"""

import os
import re
import signal
import sys
from typing import Any

from django.db.backends.signals import connection_created


class Death:
    """Counts statements of every connection of this process."""

    def __init__(self, words: str, after: int, by: signal.Signals) -> None:
        self._words = set(words.split())
        self._left = after
        self._by = by
        self._is_near = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if self._is_near:
            self._left -= 1
        elif self._words <= {*re.findall(r"\w+", sql), *map(str, params or ())}:
            self._is_near = True
        if self._is_near and self._left == 0:
            os.kill(os.getpid(), self._by)
        return result

    def watch(self, connection: Any, **_: Any) -> None:
        """Look at every statement of a new connection."""
        connection.execute_wrappers.append(self)


def main() -> None:
    """Run the rest of the arguments as the command does, for as long as it lives."""
    death = Death(sys.argv[1], int(sys.argv[2]), signal.Signals[sys.argv[3]])
    connection_created.connect(death.watch, weak=False)
    sys.argv = ["watchfloor", *sys.argv[4:]]
    from watchfloor.config.command import main as command

    command()


if __name__ == "__main__":
    main()
