"""What one scored prediction is to a rollup or an outcome, whichever log it is in."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Scored:
    """The columns that rollups, outcomes and monitors need of a logged prediction."""

    id: UUID
    occurred_at: datetime
    model_type: str
    model_version: str
    calibration_hash: str
    site_group: str
    local_day: date
    score: float | None
    score_bin: int | None
    outcome: float | None
