"""The units of deploy/systemd: as docs/operations.md installs them, with commands that exist."""

import configparser
import shlex

import pytest

from tests.deploy.deployed import DEPLOY, ROOT, as_options

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def service(name: str) -> dict[str, str]:
    units = configparser.ConfigParser(interpolation=None)
    units.optionxform = str  # type: ignore[assignment,method-assign]  # keys of units have capitals
    units.read(DEPLOY / "systemd" / name)
    assert units["Install"]["WantedBy"] == "multi-user.target"
    return dict(units["Service"])


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_a_unit_is_as_the_page_says(name: str) -> None:
    unit = service(name)
    program, *arguments = shlex.split(unit["ExecStart"])
    as_options(arguments)
    assert program == "/srv/risk/sigmasight/.venv/bin/sigmasight"
    assert unit["EnvironmentFile"] == "/srv/risk/settings.env"
    assert unit["User"] == "risk"
    assert name.removesuffix(".service") in OPERATIONS
    assert "--home-dir /srv/risk --shell /bin/bash risk" in OPERATIONS


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_a_unit_starts_again_and_leaves_the_database_to_the_others(name: str) -> None:
    unit = service(name)
    assert unit["Restart"] == "always"
    assert unit["KillMode"] == "process"


def test_the_schedule_and_the_api_have_units() -> None:
    assert [unit.name for unit in UNITS] == ["sigmasight-schedule.service", "sigmasight-serve.service"]


def test_the_crontab_reads_the_file_of_settings() -> None:
    lines = [line for line in OPERATIONS.splitlines() if line.startswith(("*/15 ", "0 6 "))]
    assert len(lines) == 2
    assert all("set -a; . /srv/risk/settings.env; sigmasight " in line for line in lines)
