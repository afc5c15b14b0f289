"""The deployment files, checked without running them: what they name exists and is held tight."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from watchfloor import __version__
from watchfloor.config.env import PREFIX, Env
from watchfloor.config.processes import ROLES

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = ("compose.yaml", "compose.lite.yaml")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PYTHON = "/opt/watchfloor/.venv/bin/python"
SETTINGS = {f"{PREFIX}{name.upper()}" for name in Env.model_fields}
# Services that do one thing and end.
ENDING = ("migrate", "broker-config")
HARDENING = {
    "CapabilityBoundingSet": "",
    "NoNewPrivileges": "true",
    "PrivateTmp": "true",
    "ProtectHome": "true",
    "ProtectSystem": "strict",
    "SystemCallFilter": "@system-service",
    "User": "watchfloor",
}


def _services(name: str) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / name).read_text())["services"]
    return services


SERVICES = [(name, service) for name in COMPOSE for service in _services(name)]


def _lines_of(unit: Path) -> dict[str, str]:
    pairs = [line.partition("=") for line in unit.read_text().splitlines() if "=" in line]
    return {key: value for key, _, value in pairs if not key.startswith("#")}


def test_every_setting_that_is_named_exists():
    texts = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".png"]
    named = {
        (path.name, variable)
        for path in texts
        for variable in re.findall(rf"\b{PREFIX}[A-Z_]+", path.read_text(encoding="utf-8"))
    }

    assert {(name, variable) for name, variable in named if variable not in SETTINGS} == set()


class TestCompose:
    @pytest.mark.parametrize(("name", "service"), SERVICES)
    def test_a_service_is_held_tight(self, name: str, service: str):
        held = _services(name)[service]

        assert held["cap_drop"] == ["ALL"]
        assert held["read_only"] is True
        assert "no-new-privileges:true" in held["security_opt"]

    @pytest.mark.parametrize(("name", "service"), SERVICES)
    def test_an_image_is_pinned(self, name: str, service: str):
        image = _services(name)[service]["image"]

        assert re.search(r":\d+\.\d+", image), "a tag that says which version"

    @pytest.mark.parametrize(("name", "service"), SERVICES)
    def test_a_service_that_stays_says_whether_it_is_well(self, name: str, service: str):
        if service in ENDING:
            return

        assert _services(name)[service]["healthcheck"]["test"]

    @pytest.mark.parametrize(("name", "service"), SERVICES)
    def test_our_own_services_run_this_version_as_nobody_special(self, name: str, service: str):
        ours = _services(name)[service]
        if "build" not in ours:
            return

        assert ours["image"] == f"watchfloor:{__version__}"
        assert ours["user"] == "10001:10001"
        assert _is_known_command(ours["command"])

    def test_every_part_runs_somewhere(self):
        commands = [service.get("command", []) for service in _services("compose.yaml").values()]

        assert {c[2] for c in commands if c[:2] == ["up", "--only"]} == set(ROLES)

    @pytest.mark.parametrize("name", COMPOSE)
    def test_the_client_accepts_the_file(self, name: str):
        _skip_without_compose()
        answers = {"SITE_ADDRESS": "floor.example.com"} | dict.fromkeys(
            ("POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "MQTT_INGEST_PASSWORD"), "letters"
        )

        done = subprocess.run(
            ["docker", "compose", "-f", str(DEPLOY / name), "config", "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | answers,
        )

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["services"].keys() == _services(name).keys()


def _is_known_command(command: list[str]) -> bool:
    if command[:1] == ["manage"]:
        return command[1] in get_commands()
    roles = command[2].split(",") if command[1:2] == ["--only"] else []
    return command[0] == "up" and set(roles) <= set(ROLES)


def _skip_without_compose() -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker client here; `docker compose config` was not run")
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if asked.returncode != 0:
        pytest.skip("the docker client here has no compose; `docker compose config` was not run")


class TestDockerfile:
    LINES = (DEPLOY / "Dockerfile").read_text().splitlines()

    def test_builds_on_named_versions(self):
        bases = [line.split()[1] for line in self.LINES if line.startswith("FROM ")]

        assert bases
        assert [base for base in bases if not re.search(r":\d+\.\d+\.\d+", base)] == []

    def test_installs_what_the_lock_holds_and_nothing_else(self):
        installs = [line for line in self.LINES if "pip install" in line]

        assert [line for line in installs if "--require-hashes" not in line] == []

    def test_ends_as_a_user_without_rights(self):
        users = [line.split()[1] for line in self.LINES if line.startswith("USER ")]

        assert users[-1] == "10001:10001"


class TestUnits:
    @pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
    def test_a_unit_is_held_tight(self, unit: Path):
        lines = _lines_of(unit)

        assert {key: lines.get(key) for key in HARDENING} == HARDENING

    @pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
    def test_a_unit_runs_a_command_that_exists(self, unit: Path):
        python, option, module, *command = _lines_of(unit)["ExecStart"].split()

        assert (python, option, module) == (PYTHON, "-m", "watchfloor")
        assert _is_known_command(command)

    def test_the_target_wants_every_part(self):
        wanted = re.findall(
            r"watchfloor-\S+\.service", (DEPLOY / "systemd/watchfloor.target").read_text()
        )

        assert {*wanted, "watchfloor-migrate.service"} == {unit.name for unit in UNITS}

    def test_systemd_accepts_them(self, tmp_path: Path):
        if shutil.which("systemd-analyze") is None:
            pytest.skip("there is no systemd-analyze here; `systemd-analyze verify` was not run")
        for unit in (*UNITS, DEPLOY / "systemd/watchfloor.target"):
            # The verifier wants the program to exist, and here it is not installed.
            text = unit.read_text().replace(PYTHON, sys.executable)
            (tmp_path / unit.name).write_text(text)

        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
