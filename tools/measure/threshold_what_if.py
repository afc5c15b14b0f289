"""What-if questions and exact replays beside scikit-learn's curve and the plain decision."""

from importlib.metadata import version

from benchmarks.thresholds import exact_replay, what_if
from tools.measure.page import Measured
from tools.measure.uncertainty_benchmarks import section_of, targets_section

HOW = (
    "Ours and the peer take turns in one process, after one call of each that is not counted; "
    "what counts is the median of the turns' ratios, in processor time. scikit-learn reads the "
    "scores one by one; ours reads the day histograms that were counted while predictions came "
    "in: 28 days under four calibrations. The curves are compared to 1e-12 and the decisions one "
    "by one, and the run stops where they differ. Times of the replay are of one prediction."
)


def measure(*, quick: bool) -> Measured:
    """Run both benchmarks."""
    parts = [module.measure(quick=quick) for module in (what_if, exact_replay)]
    return Measured(
        name="threshold_what_if",
        title="What-if over logged predictions",
        what="How long the thresholds page takes to answer, beside reading every prediction.",
        how=HOW,
        n=f"{what_if.PREDICTIONS:,} predictions; {exact_replay.ROWS:,} replayed",
        seed=f"{what_if.SEED} and {exact_replay.SEED}",
        versions=f"scikit-learn {version('scikit-learn')}, numpy {version('numpy')}",
        sections=[
            targets_section([target for part in parts for target in part.targets]),
            *map(section_of, parts),
        ],
    )
