"""The page of an estimate: the number, its intervals in its unit, and what they promise."""

from datetime import timedelta

import pytest

from watchfloor.core.conformal.numeric_fit import fit_numeric_calibration
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.calibration.numeric_calibration import NumericCut
from watchfloor.ml.predictions.numeric_estimates import Number
from watchfloor.tenants.roles import Role
from watchfloor.workflows import outcome_feedback, prediction_intake


@pytest.fixture
def olga(sign_in):
    """An operator of Acme."""
    return sign_in(Role.NOC_OPERATOR)


def posted(world):
    """Return the id of an estimate of hours to close that was made an hour ago."""
    request = prediction_intake.PredictionRequest(
        event_id="ETA1",
        source="itsm",
        model_type="time_to_close",
        entity_type="incident",
        entity_id="INC77",
        occurred_at=world.now - timedelta(hours=1),
        model_version="eta-1",
        number=Number(12.5, "h", sigma=3.0),
    )
    [result] = prediction_intake.handle_predictions(
        tenant=world.acme, requests=[request], now=world.now
    )
    return result.id


def calibrate(world):
    numeric_calibration.store(
        tenant=world.acme,
        model_type="time_to_close",
        version="eta-1",
        cut=NumericCut(fit_numeric_calibration(range(40), [20.0] * 40, unit="h"), "csv"),
        now=world.now,
    )


class TestNumberPage:
    def test_shows_the_estimate_and_its_intervals_in_its_unit(self, world, olga):
        calibrate(world)

        page = olga.get(f"/t/acme/predictions/{posted(world)}/")

        number = page.context["evidence"].number
        assert number.estimate.replace("\u00a0", " ") == "12.5 h ± 3.0 h"
        assert [bounds.replace("\u00a0", " ") for _, bounds in number.bounds] == [
            "-5.5 to 30.5 h",
            "-6.5 to 31.5 h",
            "not certifiable: too few outcomes are known",
        ]
        assert "at least this share of intervals" in page.content.decode()

    def test_says_that_there_is_no_calibration_yet(self, world, olga):
        number = olga.get(f"/t/acme/predictions/{posted(world)}/").context["evidence"].number

        assert (number.bounds, number.promise) == ((), "This version has no calibration yet.")

    def test_tells_what_it_turned_out_to_be(self, world, olga):
        prediction_id = posted(world)
        outcome_feedback.record_outcomes(
            tenant=world.acme,
            log="prediction",
            requests=[
                outcome_feedback.OutcomeRequest(
                    prediction_id=prediction_id,
                    value=14.25,
                    known_at=world.now,
                    source="api",
                    labeller="token:desk",
                    dedupe_key="eta",
                )
            ],
            now=world.now,
        )

        page = olga.get(f"/t/acme/predictions/{prediction_id}/")

        assert page.context["evidence"].number.outcome.replace("\u00a0", " ") == "14.2 h"
        told = [entry.words for entry in page.context["evidence"].story]
        assert "Outcome: 14.2" in told

    def test_leaves_the_mark_to_predictions_with_a_score(self, world, olga):
        from watchfloor.ml.models import PredictionLog

        scored = PredictionLog.objects.filter(tenant=world.acme, score__isnull=False).first()

        page = olga.get(f"/t/acme/predictions/{scored.id}/")

        assert page.context["evidence"].number is None
