"""The coverage page: every number with its n, every table to take away, nothing said too early."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils.html import escape

from watchfloor.core.conformal.numeric_fit import fit_numeric_calibration
from watchfloor.core.local_time import local_day
from watchfloor.entrypoints.console.coverage_parts import PARTS
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.calibration.numeric_calibration import NumericCut
from watchfloor.ml.inference import model_queries, serving
from watchfloor.ml.models import Blob, CoverageMonitor, DriftReport, PredictionLog, ScoreDay
from watchfloor.ml.predictions.numeric_estimates import Number
from watchfloor.noc.queries.model_coverage import model_coverage
from watchfloor.tenants.roles import Role
from watchfloor.workflows import model_health, outcome_feedback
from watchfloor.workflows.outcome_feedback import OutcomeRequest
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

PATH = "/t/acme/models/sla_breach/coverage/"


@pytest.fixture
def mila(sign_in):
    """An engineer of Acme."""
    return sign_in(Role.ML_ENGINEER)


@pytest.fixture
def told(world):
    """What the page has to show of the desk."""
    return told_of(world)


def told_of(world, *, level=95, weeks=13):
    card = model_queries.get_card(tenant=world.acme, model_type="sla_breach", is_predicted=True)
    return model_coverage(tenant=world.acme, card=card, level=level, weeks=weeks, now=world.now)


@pytest.fixture
def followed(world):
    """Ten nights of the live monitor, and what the page has to show then."""
    for back in range(9, -1, -1):
        night = local_day(world.now, world.acme.zone) - timedelta(days=back)
        model_health.run_night(
            tenant=world.acme,
            kind=model_health.METRICS,
            payload={"night": night.isoformat()},
            now=world.now - timedelta(days=back, hours=10),
        )
    return told_of(world)


def text_of(response):
    return response.content.decode().replace("\u00a0", " ")


class TestCoveragePage:
    def test_shows_the_realised_coverage_with_its_band_and_n(self, mila, told):
        kpi = mila.get(PATH).context["kpis"][0]

        found = told.report.overall[1]
        low, high = found.band
        assert kpi.value == f"{100 * found.coverage:.1f}\u00a0%"
        assert f"{100 * low:.1f}\u00a0%" in kpi.note
        assert f"{100 * high:.1f}\u00a0%" in kpi.note
        assert f"n = {found.n}" in kpi.note

    def test_has_every_figure_with_a_caption_and_a_table(self, mila):
        figures = mila.get(PATH).context["figures"]

        assert len(figures) == 9
        assert {name for name, each in figures.items() if not each.caption} == set()
        assert {name for name, each in figures.items() if not each.table.rows} == set()

    @pytest.mark.parametrize("level", ["90", "99"])
    def test_shows_the_level_and_the_span_it_is_asked_for(self, mila, level):
        response = mila.get(PATH, {"level": level, "weeks": "4"})

        report = response.context["told"].report
        assert report.level == int(level)
        assert (report.last - report.first).days == 27
        assert f"promised {level} %" in text_of(response)

    def test_takes_what_is_no_level_as_the_first(self, mila):
        response = mila.get(PATH, {"level": "12", "weeks": "x", "set": "<script>"})

        assert response.context["told"].report.level == 95
        assert "<script>" not in response.content.decode()

    def test_names_sites_that_are_a_group_of_their_own(self, mila):
        assert "Harbour Gate 2" in text_of(mila.get(PATH))

    def test_shows_the_bins_of_the_calibration_it_is_asked_for(self, mila, told):
        other = next(s.known for s in told.report.sets if s.known != told.report.shown_set)

        response = mila.get(PATH, {"set": other.sha256[:12]})

        assert response.context["told"].report.shown_set == other

    def test_says_which_calibration_decides_now(self, mila, told):
        sets = mila.get(PATH).context["sets"]

        serving_now = [each["name"] for each in sets if each["serves"]]
        assert len(serving_now) == 1
        assert told.serving_set[:8] in serving_now[0]

    def test_says_why_each_calibration_was_cut_and_whether_it_agrees_with_itself(self, mila):
        sets = mila.get(PATH).context["sets"]

        assert {each["facts"].split(", ")[0] for each in sets} == {"Loaded by hand"}
        assert {each["facts"].split(", ")[1] for each in sets} <= {
            "its halves agree",
            "its newer half broke promises of its older",
            "too few rows to try its halves",
        }

    def test_says_what_the_certificates_of_the_quarter_risk(self, mila, told):
        assert f"{told.delta_spent.n_sets} sets since 1 Jan" in text_of(mila.get(PATH))

    def test_draws_the_venn_abers_pair_of_the_calibration(self, mila):
        figure = mila.get(PATH).context["figures"]["reliability"]

        assert "curve-pair" in figure.svg
        assert "Venn-Abers pair" in [words for _, words in figure.legend]

    def test_warns_of_a_certificate_that_was_broken(self, mila, world):
        rows = PredictionLog.objects.filter(decision="auto_ticket")
        assert rows.count() >= 20
        rows.update(outcome=0.0)

        response = mila.get(PATH)

        [warning] = response.context["warnings"]
        assert "more than chance" in warning
        assert escape(warning) in response.content.decode()

    def test_does_not_warn_while_promises_are_kept(self, mila):
        assert mila.get(PATH).context["warnings"] == []

    def test_warns_of_coverage_that_no_luck_explains(self, mila, world):
        ScoreDay.objects.filter(outcome="clean").update(outcome="unknown_")
        ScoreDay.objects.filter(outcome="event").update(outcome="clean")
        ScoreDay.objects.filter(outcome="unknown_").update(outcome="event")

        warnings = mila.get(PATH).context["warnings"]

        assert [w for w in warnings if w.startswith("All predictions")]

    def test_shows_what_the_live_monitor_says(self, mila, followed):
        response = mila.get(PATH)

        levels = followed.live.levels
        assert [row.name for row in response.context["live_rows"].named] == [
            f"{each.percent}\u00a0%" for each in levels
        ]
        assert levels[0].n > 0
        assert "followed since" in text_of(response)

    def test_says_when_the_live_monitor_begins(self, mila, told):
        assert told.live is None
        assert "begins with the first night" in text_of(mila.get(PATH))

    def test_says_how_the_bet_against_the_calibration_stands(self, mila, followed):
        told = {"sentence": "They come alike.", "evidence": 0.4, "alarm_at": 100.0, "n": 212}
        DriftReport.objects.filter(pk=followed.guard.pk).update(evidence=told)

        words = mila.get(PATH).context["guard_words"]

        assert words == (
            "They come alike. The bet against it stands at 0.40, after 212 outcomes; 100 is an "
            "alarm."
        )

    def test_says_that_no_bet_can_be_made(self, mila, followed):
        told = {"sentence": "There is too little to compare."}
        DriftReport.objects.filter(pk=followed.guard.pk).update(evidence=told)

        assert mila.get(PATH).context["guard_words"] == told["sentence"]

    def test_is_linked_from_the_model(self, mila):
        assert PATH in mila.get("/t/acme/models/sla_breach/").content.decode()

    def test_never_calls_an_interval_sure_of_one_prediction(self, mila):
        words = text_of(mila.get(PATH)).lower()

        assert "% sure" not in words
        assert "it says nothing about a single one" in words

    def test_says_which_calibration_cannot_be_read_and_shows_the_rest(self, mila, world):
        digest = PredictionLog.objects.exclude(calibration_hash="").first().calibration_hash
        Blob.objects.filter(sha256=digest).update(content=b"{}")
        serving.forget_calibrations()

        response = mila.get(PATH)

        assert response.status_code == 200
        [warning] = response.context["warnings"]
        assert f"Calibration {digest[:8]} cannot be read" in warning
        assert response.context["told"].report.unreadable == (digest,)
        assert response.context["told"].report.n > 0

    def test_does_not_say_of_unreadable_ones_that_there_were_none(self, mila, world):
        Blob.objects.filter(format="calibration-json").delete()
        serving.forget_calibrations()

        empty = mila.get(PATH).context["empty"]

        assert empty.title == "No calibration of these weeks can be read"

    def test_says_that_the_state_of_the_live_monitor_is_damaged(self, mila, followed):
        CoverageMonitor.objects.update(state=b"{}")

        response = mila.get(PATH)

        assert response.status_code == 500
        assert "A stored state cannot be read" in text_of(response)


class TestEmptyPage:
    def test_says_that_no_prediction_came(self, mila, world):
        ScoreDay.objects.all().delete()

        response = mila.get(PATH)

        assert response.context["empty"].title == "No scored prediction in these weeks"

    def test_says_that_no_calibration_was_in_force(self, mila, world):
        ScoreDay.objects.exclude(calibration_hash="").delete()

        response = mila.get(PATH)

        assert response.context["empty"].title == "No prediction has an interval yet"

    def test_says_that_no_outcome_is_known(self, mila, world):
        ScoreDay.objects.exclude(calibration_hash="").exclude(outcome="unknown").delete()

        response = mila.get(PATH)

        assert response.context["empty"].title == "No outcome is known yet"

    def test_of_a_model_that_nobody_serves_opens(self, mila, world):
        response = mila.get("/t/acme/models/fraud_detector/coverage/")

        assert response.status_code == 200
        assert response.context["empty"] is not None

    def test_of_a_model_that_does_not_exist_is_not_found(self, mila, world):
        assert mila.get("/t/acme/models/nonsense/coverage/").status_code == 404


class TestCsv:
    @pytest.mark.parametrize("part", [part for part in PARTS if "estimate" not in part])
    def test_has_the_rows_of_the_page(self, mila, followed, part):
        names = {"harbour-gate": "Harbour Gate 2", "north-campus": "North Campus"}
        expected = PARTS[part](followed, names)

        response = mila.get(f"{PATH}{part}.csv")

        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert f"sla_breach-coverage-{part}.csv" in response["Content-Disposition"]
        assert len(rows) == len(expected.rows) > 0, part
        assert list(rows[0]) == [column.key for column in expected.columns]

    def test_writes_numbers_for_programs(self, mila, told):
        response = mila.get(f"{PATH}bands.csv")

        [first, *_] = csv.DictReader(io.StringIO(response.content.decode()))
        found = told.report.bands[0].found
        assert float(first["coverage"]) == found.coverage
        assert int(first["n"]) == found.n

    def test_is_of_the_level_it_is_asked_for(self, mila, world):
        response = mila.get(f"{PATH}bands.csv", {"level": "99", "weeks": "4"})

        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        assert {row["level"] for row in rows} == {"99"}

    def test_of_no_such_table_is_not_found(self, mila, world):
        assert mila.get(f"{PATH}nonsense.csv").status_code == 404


class TestEstimates:
    """A model that estimates hours to close has a page of its own kind."""

    PATH = "/t/acme/models/time_to_close/coverage/"

    @pytest.fixture
    def estimated(self, world):
        numeric_calibration.store(
            tenant=world.acme,
            model_type="time_to_close",
            version="eta-1",
            cut=NumericCut(
                fit_numeric_calibration(range(200), [100.0] * 200, unit="h"), source="csv"
            ),
            now=world.now - timedelta(days=9),
        )
        at = world.now - timedelta(days=8)
        requests = [
            PredictionRequest(
                event_id=f"ETA{n}",
                source="itsm",
                model_type="time_to_close",
                entity_type="incident",
                entity_id=f"INC{n}",
                occurred_at=at,
                model_version="eta-1",
                number=Number(100.0, "h"),
            )
            for n in range(80)
        ]
        handle_predictions(tenant=world.acme, requests=requests, now=at)
        told = [
            OutcomeRequest(
                event=("itsm", request.event_id),
                value=100.0 if n else 1000.0,
                known_at=at,
                source="api",
                labeller="desk",
                dedupe_key=request.event_id,
            )
            for n, request in enumerate(requests[:75])
        ]
        outcome_feedback.record_outcomes(
            tenant=world.acme, log="prediction", requests=told, now=world.now
        )
        return world

    def test_have_their_coverage_shown(self, mila, estimated):
        response = mila.get(self.PATH)

        assert response.context["kpis"][0].value == "98.7\u00a0%"
        assert "n = 75" in response.context["kpis"][0].note
        assert response.context["empty"] is None
        assert {"estimates", "estimate_weeks"} <= set(response.context["figures"])
        assert "80 estimates in h" in text_of(response)

    def test_have_the_width_of_the_latest_numbers_beside_the_one_in_force(self, mila, estimated):
        rows = mila.get(self.PATH).context["latest_widths"].rows

        # 74 of 75 known numbers were met exactly, so 90 and 95 % need no width at all.
        assert [row[2] for row in rows] == ["± 0.00", "± 0.00", "unknown"]
        assert [row[4] for row in rows] == ["75"] * 3

    def test_are_no_events_without_a_score(self, mila, estimated):
        assert "How well the probability is known" not in text_of(mila.get(self.PATH))

    @pytest.mark.parametrize("part", ["estimates", "estimate-weeks", "estimate-widths"])
    def test_can_be_taken_away(self, mila, estimated, part):
        response = mila.get(f"{self.PATH}{part}.csv")

        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        assert sum(int(row["n"]) for row in rows if row["level"] == "95") >= 75
