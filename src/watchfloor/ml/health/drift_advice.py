"""What a check of scores or features says to an operator: what moved, by how much, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchfloor.core.drift.severity import Severity
from watchfloor.core.drift.statistical import Move
from watchfloor.ml.health.drift_windows import Compared

MOST_NAMED = 5
# Change in the share of missing values that is worth a word.
MISSING_CHANGE = 0.05


@dataclass(frozen=True, slots=True)
class Advice:
    """The words about one check; `named` are the moves that count tonight."""

    kind: str
    model: str
    moves: Sequence[Move]
    named: Sequence[Move]
    compared: Compared
    severity: Severity | None

    def sentence(self) -> str:
        """Return what was found."""
        if self.kind == "score":
            return self._about_the_score()
        if not self.named:
            return f"All {len(self.moves)} features are as before."
        return (
            f"{len(self.named)} of {len(self.moves)} features of {self.model} moved: "
            f"{self._names(with_size=True)}."
        )

    def _about_the_score(self) -> str:
        score = self.moves[0]
        if not self.named:
            return f"Scores are as before: KS {score.ks:.2f}, p {score.p_value:.2f} by day blocks."
        return (
            f"Scores of {self.model} moved: KS {score.ks:.2f} over seven days "
            f"(p {score.p_value:.4f} by day blocks, PSI {score.psi:.2f})."
        )

    def recommendation(self) -> str:
        """Return what to look at; empty where nothing moved."""
        if not self.named:
            return ""
        if self.kind == "score":
            return (
                "See which features moved in the same nights; the expected error and, once "
                "labels are in, the performance say whether it matters."
            )
        details = " ".join(self._detail(move) for move in self._largest())
        harm = (
            "The scores moved with them or more errors are expected: review what is decided."
            if self.severity is not None and self.severity >= Severity.HIGH
            else "That alone harms nobody: it asks for no retrain until errors rise."
        )
        return f"Look at where {self._names(with_size=False)} come from first. {details} {harm}"

    def _largest(self) -> list[Move]:
        return sorted(self.named, key=lambda move: (-move.ks, move.name))[:MOST_NAMED]

    def _names(self, *, with_size: bool) -> str:
        shown = [
            f"{move.name} ({move.ks:.2f})" if with_size else move.name for move in self._largest()
        ]
        more = len(self.named) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")

    def _detail(self, move: Move) -> str:
        one = self.compared.histograms.one(move.name)
        before = float(one.reference[:, -1].sum() / one.reference.sum())
        now = float(one.current[:, -1].sum() / one.current.sum())
        if abs(now - before) >= MISSING_CHANGE:
            return f"{move.name} is missing in {now:.0%} (before: {before:.0%})."
        if move.wasserstein_sd is not None:
            return f"{move.name} moved by {move.wasserstein_sd:.1f} standard deviations."
        if one.centers is None:
            return f"{move.name} has other words in {move.ks:.0%}."
        return f"{move.name} never varied before."
