"""`load_calibration_data` for numbers: from their log or a file, with every misfit by its line."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from watchfloor.ledger.models import AuditEntry
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.models import NumericCalibrationSet

pytestmark = pytest.mark.django_db

WHICH = {"tenant": "acme", "model_type": "time_to_close", "model_version": "eta-1"}


def run(**options):
    out, err = StringIO(), StringIO()
    try:
        call_command("load_calibration_data", stdout=out, stderr=err, **(WHICH | options))
    finally:
        run.err = err.getvalue()
    return out.getvalue()


@pytest.fixture
def file_of(tmp_path):
    def write(text):
        path = tmp_path / "numbers.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def forty_lines(columns="estimate,actual", tail=""):
    return "\n".join([columns, *(f"20,{i}{tail}" for i in range(40))])


class TestFromAFile:
    def test_stores_a_set_and_says_what_it_certifies(self, tenant, time_is_now, file_of):
        said = run(source="number_csv", file=file_of(forty_lines()), unit="h")

        row = NumericCalibrationSet.objects.get()
        assert (row.n, row.unit, row.n_groups, row.source) == (40, "h", None, "number_csv")
        assert "n=40 90 % ± 18 h, 95 % ± 19 h, 99 % not certifiable" in said
        assert AuditEntry.objects.get(action="calibration.loaded").detail["unit"] == "h"
        found = numeric_calibration.calibration_of(tenant=tenant, sha256=row.sha256)
        assert found.absolute[0] == 18

    def test_counts_units_where_the_file_has_them(self, tenant, time_is_now, file_of):
        lines = ["estimate,actual,group", *(f"20,{i},engine {i % 10}" for i in range(40))]

        said = run(source="number_csv", file=file_of("\n".join(lines)), unit="cycles")

        assert "n=40 of 10 units 90 % ±" in said
        assert "95 % not certifiable" in said

    def test_of_a_dry_run_stores_nothing(self, tenant, time_is_now, file_of):
        said = run(source="number_csv", file=file_of(forty_lines()), unit="h", dry_run=True)

        assert "dry run: nothing was stored" in said
        assert not NumericCalibrationSet.objects.exists()

    def test_names_every_value_that_does_not_fit_by_its_line(self, tenant, time_is_now, file_of):
        lines = [
            "estimate,actual,sigma,propensity,group",
            "20,12,1,1,a",
            "soon,12,1,1,a",
            "20,nan,-1,0,a",
            "20,12,1,1,",
        ]

        with pytest.raises(CommandError, match="5 values"):
            run(source="number_csv", file=file_of("\n".join(lines)), unit="h")

        assert [line.split(": ")[0].rsplit(":")[-1] for line in run.err.splitlines()] == [
            *("3", "4", "4", "4", "5")
        ]
        assert not NumericCalibrationSet.objects.exists()

    @pytest.mark.parametrize(
        ("text", "unit", "told"),
        [
            ("estimate\n1", "h", "columns"),
            ("estimate,actual,colour\n1,2,red", "h", "columns"),
            (forty_lines(), None, "--unit with"),
            ("estimate,actual\n1,2", "h", "at least 9"),
        ],
    )
    def test_refuses_a_file_that_is_none_of_numbers(
        self, tenant, time_is_now, file_of, text, unit, told
    ):
        with pytest.raises(CommandError, match=told):
            run(source="number_csv", file=file_of(text), unit=unit)

    def test_refuses_fewer_than_asked_for(self, tenant, time_is_now, file_of):
        with pytest.raises(CommandError, match="40 known outcomes; at least 50"):
            run(source="number_csv", file=file_of(forty_lines()), unit="h", min_samples=50)

    def test_says_that_there_is_no_file(self, tenant, time_is_now, tmp_path):
        with pytest.raises(CommandError, match="readable file"):
            run(source="number_csv", file=tmp_path / "none.csv", unit="h")


class TestFromTheLog:
    def test_says_why_nothing_can_be_cut(self, tenant, time_is_now):
        with pytest.raises(CommandError, match="0 known outcomes of estimates"):
            run(source="number_log")

    def test_is_listed_by_what_is_stored(self, tenant, other_tenant, time_is_now, file_of):
        run(source="number_csv", file=file_of(forty_lines()), unit="h")

        assert "time_to_close eta-1: n=40 unit=h" in run(list=True)
        assert "no calibration set is stored" in run(tenant="borealis", list=True)
