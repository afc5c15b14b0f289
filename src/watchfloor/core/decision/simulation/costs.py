"""What work and mistakes cost; one currency throughout, whichever it is."""

from dataclasses import dataclass, fields

from watchfloor.core.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """
    Prices of one review, one false ticket and one missed event.

    Args:
        review_minutes: that a review takes.
        reviewer_hour: what an hour of a reviewer costs.
        false_ticket: what a ticket costs that was none.
        miss: what an event costs that nobody was told of.

    Raises:
        InvalidInput: one of them is negative, not a number, or beyond all reason.

    >>> Costs(review_minutes=6, reviewer_hour=30).of_review
    3.0
    """

    review_minutes: float = 5.0
    reviewer_hour: float = 40.0
    false_ticket: float = 60.0
    miss: float = 400.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 <= value <= HIGHEST:  # NaN fails this too
                raise InvalidInput(
                    field=each.name, value=value, expected=f"a number from 0 to {HIGHEST:g}"
                )

    @property
    def of_review(self) -> float:
        """What one review costs."""
        return self.review_minutes / 60 * self.reviewer_hour


HIGHEST = 1e9
