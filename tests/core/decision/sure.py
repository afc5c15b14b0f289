"""Evidence that is acted on, and a policy that lets it: tests change one thing at a time."""

from datetime import UTC, datetime, timedelta

from watchfloor.core.decision.policy import DecisionPolicy, Evidence

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)

ON = DecisionPolicy(
    review_score=0.6,
    eps_ticket=0.1,
    eps_clear=0.01,
    beta_clear=0.05,
    # Unlike eps, so that one is never taken for the other.
    delta=0.2,
    automation_on=True,
    stage_on=True,
    clear_on=True,
    breaker_open=False,
    site_cap_left=2,
    cap_left=3,
)
SURE = Evidence(
    score=0.80,
    width=0.125,
    certified_from=0.78,
    certified_floor=0.9,
    ticket_eps=0.1,
    ticket_delta=0.2,
    clear_below=0.05,
    clear_eps=0.01,
    clear_delta=0.2,
    positives_limit=0.2,
    positives_beta=0.05,
    calibration_n=1_000,
    calibration_n_positive=60,
    calibrated_at=NOW - timedelta(days=10),
    now=NOW,
)
