"""
Run the benchmark of thresholds; scikit-learn is at hand wherever Watchfloor is.

    python -m benchmarks.thresholds [--quick]

Prints what is promised and what was found, and fails where a promise is not kept.
"""

from benchmarks.tell import run
from benchmarks.thresholds import exact_replay, what_if

if __name__ == "__main__":
    run((what_if, exact_replay), name="benchmarks.thresholds", about=__doc__)
