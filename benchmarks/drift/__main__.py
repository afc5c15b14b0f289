"""
Run the benchmarks of drift; scipy is at hand wherever Watchfloor is.

    python -m benchmarks.drift [--quick]

Prints what is promised and what was found, and fails where a promise is not kept.
"""

from benchmarks.drift import exact_ks, night
from benchmarks.tell import run

if __name__ == "__main__":
    run((exact_ks, night), name="benchmarks.drift", about=__doc__)
