"""The rows a calibration set is cut from: scores with known outcomes, and who they are about."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.conformal.sampling import Sampling

# Fewer entities than this are not a sample of many: they are the world the model is in.
FEWEST_ENTITIES = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationRows:
    """
    Predictions of one model version with their known outcomes, oldest first.

    Args:
        ids: of the predictions; None where they are not known, as in a file without them.
        scores: shape (n,), in [0, 1].
        outcomes: shape (n,), 0 or 1.
        propensities: chance of each to be looked at, shape (n,), in (0, 1].
        occurred_at: when each event happened; None where that is not known.
        quiet_is_known: whether predictions below review are sampled, and the sample is known.
    """

    ids: Sequence[UUID] | None
    scores: FloatArray
    outcomes: FloatArray
    propensities: FloatArray
    occurred_at: Sequence[datetime] | None = None
    quiet_is_known: bool = True

    @classmethod
    def of_pairs(cls, scores: npt.ArrayLike, outcomes: npt.ArrayLike) -> "CalibrationRows":
        """Return pairs of which nothing else is known: all of them were looked at."""
        p = np.asarray(scores, dtype=np.float64)
        y = np.asarray(outcomes, dtype=np.float64)
        return cls(ids=None, scores=p, outcomes=y, propensities=np.ones(p.shape))

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def sampling(self) -> Sampling:
        """How the rows came to be known; the draws are hashes, so any process draws alike."""
        keys = [one.bytes for one in self.ids] if self.ids is not None else self._places()
        return Sampling(
            propensities=self.propensities,
            draws=np.array([chance(b"calibration", key) for key in keys], dtype=np.float64),
            quiet_is_known=self.quiet_is_known,
        )

    @property
    def sha256(self) -> str:
        """
        Hash over the sorted prediction ids with their outcomes.

        Without ids the scores stand for them: the same file in another order is the same rows.
        """
        names = [str(one) for one in self.ids] if self.ids is not None else self._written_scores()
        lines = sorted(f"{a}={b:g}" for a, b in zip(names, self.outcomes.tolist(), strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _places(self) -> list[bytes]:
        return [str(place).encode() for place in range(len(self))]

    def _written_scores(self) -> list[str]:
        return [float(score).hex() for score in self.scores]


def chance(purpose: bytes, key: bytes) -> float:
    """
    Return a number in [0, 1) that is the same whenever and wherever it is asked for.

    >>> 0 <= chance(b"any", b"key") < 1
    True
    """
    digest = hashlib.sha256(purpose + b":" + key).digest()
    return float((int.from_bytes(digest[:8], "big") >> 11) / 2**53)


def within_entity_cap(
    entities: Sequence[tuple[str, str]], ids: Sequence[UUID], *, cap: int
) -> BoolArray:
    """
    Return which rows to keep so that no entity has more than `cap`.

    Rows of one guard or lift are alike, and a hundred of them are no hundred witnesses. Which
    ones stay is a hash of their id and has nothing to do with what became of them. Where the
    rows are about fewer than 30 entities all of them stay: those are no sample of others.

    >>> same = [("guard", "alice")] * 3 + [("guard", f"g{i}") for i in range(29)]
    >>> int(within_entity_cap(same, [UUID(int=i) for i in range(32)], cap=2).sum())
    31
    """
    of_entity: dict[tuple[str, str], list[int]] = {}
    for at, entity in enumerate(entities):
        of_entity.setdefault(entity, []).append(at)
    kept = np.ones(len(entities), dtype=np.bool_)
    if len(of_entity) < FEWEST_ENTITIES:
        return kept
    for rows in of_entity.values():
        by_lot = sorted(rows, key=lambda at: chance(b"entity cap", ids[at].bytes))
        kept[by_lot[cap:]] = False
    return kept


def rows_at(rows: Sequence[int]) -> IntArray:
    """Return row numbers as an index of columns, also when there are none."""
    return np.asarray(rows, dtype=np.int64)
