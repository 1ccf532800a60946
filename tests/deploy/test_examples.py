"""The examples of environment files are those of the settings that the code reads, and hold no secret."""

import importlib.util
import re
from types import ModuleType

import pytest

from tests.deploy.deployed import DEPLOY, settings, variables

ENTRY = re.compile(r"^(?P<unset># )?(?P<name>[A-Z_]+)=(?P<value>.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def examples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples", DEPLOY / "examples.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entries(name: str) -> dict[str, tuple[str, bool]]:
    """The variables of an example: their values, and whether they are set."""
    return {
        match["name"]: (match["value"], not match["unset"])
        for match in ENTRY.finditer((DEPLOY / name).read_text())
    }


def test_the_examples_are_what_the_settings_say(examples: ModuleType) -> None:
    # Silent failure prevented: a setting that an operator cannot know of, or whose default is another one
    assert examples.SECRETS.read_text() == examples.secrets_text(), "run python deploy/examples.py"
    assert examples.REST.read_text() == examples.settings_text(), "run python deploy/examples.py"


def test_every_setting_is_in_one_example() -> None:
    secrets, rest = entries(".env.example"), entries("settings.env.example")
    assert secrets.keys() & rest.keys() == set()
    assert settings() - secrets.keys() - rest.keys() == set()
    assert rest.keys() - settings() == set()


def test_what_is_no_setting_is_read_by_compose() -> None:
    read = variables((DEPLOY / "compose.yaml").read_text())
    assert entries(".env.example").keys() - settings() == read - settings()
    assert read - entries(".env.example").keys() == set()


def test_no_secret_has_a_value(examples: ModuleType) -> None:
    given = {name: value for name, (value, _) in entries(".env.example").items() if value}
    assert given.keys() == examples.CHOICES.keys()


def test_only_what_is_required_is_set() -> None:
    """An example that is copied as it is changes nothing, and stops compose until the secrets are there."""
    required = set(re.findall(r"\$\{([A-Z_]+):\?", (DEPLOY / "compose.yaml").read_text()))
    assert {name for name, (_, is_set) in entries(".env.example").items() if is_set} == required
    assert [name for name, (_, is_set) in entries("settings.env.example").items() if is_set] == []
