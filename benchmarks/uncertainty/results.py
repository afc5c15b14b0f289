"""What one benchmark found: comparisons, targets, and the table of its section."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    One piece of work, done by ours and by a peer in turns.

    Args:
        work: what was done.
        peer: who did it beside us.
        ours_s: processor seconds of ours for one unit, the median over the rounds.
        peer_s: the same of the peer.
        ratio: how many times longer the peer took, the median of the rounds' ratios.
    """

    work: str
    peer: str
    ours_s: float
    peer_s: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Target:
    """
    Something promised, and what was found.

    Args:
        key: its name in the stored run.
        words: the promise.
        needed: the least that keeps it; the most where `is_ceiling`.
        found: what was found, in the same unit.
        unit: "x" for a ratio.
    """

    key: str
    words: str
    needed: float
    found: float
    unit: str = "x"
    is_ceiling: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the promise was kept; NaN keeps none."""
        return self.found <= self.needed if self.is_ceiling else self.found >= self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section: its words and targets, and its comparisons or a table of its own."""

    heading: str
    words: str
    comparisons: Sequence[Comparison] = ()
    targets: Sequence[Target] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=tuple)

    def to_record(self) -> dict[str, Any]:
        """Return the part as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Part":
        """Return the part of a record."""
        return cls(
            heading=record["heading"],
            words=record["words"],
            comparisons=tuple(Comparison(**each) for each in record["comparisons"]),
            targets=tuple(Target(**each) for each in record["targets"]),
            head=tuple(record["head"]),
            rows=tuple(map(tuple, record["rows"])),
        )


def worst(comparisons: Sequence[Comparison], *, peers: Sequence[str] = ()) -> float:
    """
    Return the smallest ratio, that is the one to the best peer.

    >>> worst([Comparison("fit", "a", 1, 9, 9.0), Comparison("fit", "b", 1, 4, 4.0)])
    4.0
    """
    return min(each.ratio for each in comparisons if not peers or each.peer in peers)


def verdict(target: Target) -> tuple[str, str, str]:
    """
    Return what was needed, what was found, and whether that is enough.

    >>> verdict(Target("p99", "99th percentile", 100.0, 19.83, unit="us", is_ceiling=True))
    ('at most 100 us', '19.8 us', 'kept')
    """
    unit = "x" if target.unit == "x" else f" {target.unit}".rstrip()
    bound = "at most" if target.is_ceiling else "at least"
    found = f"{target.found:,.0f}" if target.found >= 100 else f"{target.found:.3g}"
    kept = "kept" if target.is_met else "**missed**"
    return f"{bound} {target.needed:,g}{unit}", f"{found}{unit}", kept
