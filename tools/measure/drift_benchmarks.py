"""The night of many models and exact distances, beside scipy."""

from importlib.metadata import version

from benchmarks.drift import exact_ks, night, world
from tools.measure.page import Measured
from tools.measure.uncertainty_benchmarks import section_of, targets_section

HOW = (
    "Ours and scipy take turns in one process, after one call of each that is not counted; what "
    "counts is the median of the turns' ratios, in processor time of one thread "
    "(`OPENBLAS_NUM_THREADS=1`). Exact distances and p-values are compared to 1e-10 first, and "
    "the run stops where they differ."
)


def measure(*, quick: bool) -> Measured:
    """Run both benchmarks."""
    parts = [module.measure(quick=quick) for module in (exact_ks, night)]
    return Measured(
        name="drift_benchmarks",
        title="Drift beside scipy",
        what="How long a night of many models takes, and how long one exact distance.",
        how=HOW,
        n="named in each table",
        seed=str(world.SEED),
        versions=f"scipy {version('scipy')}, numpy {version('numpy')}",
        sections=[
            targets_section([target for part in parts for target in part.targets]),
            *map(section_of, parts),
        ],
    )
