"""compose.yaml: valid, closed, and of the commands, settings and secrets that the code has."""

import re

import pytest

from tests.deploy.deployed import COMPOSE, DEPLOY, HOME, OURS, READERS, SERVICES, as_options, run, settings
from warehouse.settings import Settings

FROM_ELSEWHERE = re.compile(r"\$\{[A-Z_]+(:\?[^}]*|:-)\}")
"""A value that the operator sets: required, or empty."""


def test_the_file_is_valid() -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("yamllint", "--config-file", DEPLOY / "yamllint.yaml", "--strict", DEPLOY)
    assert done.returncode == 0, done.stdout


def test_the_services_are_the_database_the_upgrade_the_api_and_the_worker() -> None:
    assert set(OURS) == {"upgrade", "api", "worker"}
    assert {name: as_options(service["command"]) for name, service in OURS.items()}["upgrade"]["with_chat"]
    assert "-pg18" in SERVICES["database"]["image"]
    assert len({service["image"] for service in OURS.values()}) == 1


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_can_write_to_its_volumes_only(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    written = " ".join([*service["tmpfs"], *service.get("volumes", [])])
    assert HOME in written
    assert "/tmp:" in written  # noqa: S108 - of the container


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_and_no_secret_has_a_value(name: str) -> None:
    environment = OURS[name]["environment"]
    assert environment.keys() - settings() == set()
    for variable, value in environment.items():
        password = value.partition("://")[2].partition("@")[0].partition(":")[2] or value
        assert variable == "API_PORT" or FROM_ELSEWHERE.fullmatch(password), variable


def test_each_container_has_only_the_secrets_that_it_needs() -> None:
    api, worker, upgrade = (set(OURS[name]["environment"]) for name in ("api", "worker", "upgrade"))
    assert api == {*READERS, "SECRET_KEY", "OPENAI_API_KEY", "API_PORT"}
    assert {"API_PASSWORD", "SECRET_KEY", "OPENAI_API_KEY"} & worker == set()
    assert {"SECRET_KEY", "BACKUP_KEY", "OPENAI_API_KEY"} & upgrade == set()
    for name, url in OURS["api"]["environment"].items():
        if name in READERS:
            assert url.startswith(f"postgresql://sigmasight_{name.split('_')[0].lower()}:"), name
    # the file of all secrets is interpolated, never given to a container
    assert {entry["path"] for service in OURS.values() for entry in service["env_file"]} == {"settings.env"}


def test_the_api_is_published_to_this_machine_only_and_the_database_not_at_all() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    (port,) = SERVICES["api"]["ports"]
    assert port.startswith("${PUBLISHED_ADDRESS:-127.0.0.1}:")
    assert port.endswith(f":{Settings().api_port}")
    assert COMPOSE["networks"]["data"]["internal"]
    assert SERVICES["database"]["networks"] == SERVICES["upgrade"]["networks"] == ["data"]


def test_the_others_start_after_the_upgrade() -> None:
    for name in ("api", "worker"):
        assert SERVICES[name]["depends_on"] == {"upgrade": {"condition": "service_completed_successfully"}}
    assert SERVICES["upgrade"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_every_file_that_is_mounted_exists() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    named = [mount.split(":")[0] for mount in mounts]
    assert [name for name in named if name.startswith(".") and not (DEPLOY / name).is_file()] == []
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])
