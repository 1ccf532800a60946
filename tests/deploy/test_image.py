"""The Containerfile: linted, without root and compiler, with pinned packages, healthy when it is ready."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.deployed import DEPLOY, HOME, ROOT, USER, as_options, health_paths, run, settings
from warehouse.settings import Settings

TEXT = (DEPLOY / "Containerfile").read_text()
BUILD, FINAL = TEXT.split("\nFROM ")[1:]
OF_PYTHON = {"PATH", "HOME", "LANG", "DO_NOT_TRACK"}
PYTHONS = ("3.11", "3.12", "3.13")
NEWEST_PATCH = ".9"
EXTRAS = ("mcp", "pdf")


def test_the_containerfile_passes_hadolint() -> None:
    done = run("hadolint", DEPLOY / "Containerfile")
    assert done.returncode == 0, done.stdout


def test_the_base_is_pinned_by_a_tag() -> None:
    assert re.search(r"^ARG BASE=python:3\.1[123]-slim-[a-z]+$", TEXT, re.MULTILINE)
    assert BUILD.startswith("${BASE} AS build\n")
    assert FINAL.startswith("${BASE}\n")


def test_the_image_runs_without_root_and_compiler() -> None:
    assert re.findall(r"^USER (.+)$", FINAL, re.MULTILINE) == [f"{USER}:{USER}"]
    assert not re.search(r"\b(gcc|g\+\+|make|build-essential|clang|pip)\b", FINAL)
    assert "SIGMASIGHT_HOME=" + HOME in FINAL


def test_the_image_serves_and_is_healthy_when_it_is_ready() -> None:
    assert json.loads(re.findall(r"^ENTRYPOINT (.+)$", FINAL, re.MULTILINE)[0]) == [
        "tini",
        "--",
        "sigmasight",
    ]
    as_options(json.loads(re.findall(r"^CMD (.+)$", FINAL, re.MULTILINE)[0]))
    (path,) = re.findall(r"\{port\}(/[a-z0-9/]+)'", FINAL)
    assert path in health_paths()
    assert path.endswith("/ready")
    assert f"EXPOSE {Settings().api_port}\n" in FINAL


def test_every_variable_of_the_image_is_a_setting_or_pythons() -> None:
    named = set(re.findall(r"^(?:ENV|   ) ([A-Z_]+)=", FINAL, re.MULTILINE))
    assert "API_HOST" in named
    assert {name for name in named if not name.startswith("PYTHON")} - OF_PYTHON - settings() == set()


def test_the_context_holds_what_is_copied_and_nothing_private() -> None:
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    assert (ROOT / ".dockerignore").resolve() == ROOT / ".containerignore"
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    named = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    assert [name for name in named if not (ROOT / name).exists()] == []
    for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE):
        for source in line.split()[:-1]:
            assert source == "." or source in named
    # what the wheel is built from
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], *project["project"]["license-files"]}
    assert needed - set(named) == set()


def needed_by(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What a package requires under any supported Python, on this system."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    if name == project["name"]:
        texts = [
            *project["dependencies"],
            *(text for extra in EXTRAS for text in project["optional-dependencies"][extra]),
        ]
    else:
        try:
            texts = requires(name) or []
        except PackageNotFoundError:  # of another Python
            texts = []
    for requirement in map(Requirement, texts):
        if requirement.marker is None or any(
            requirement.marker.evaluate(
                {
                    **default_environment(),
                    "python_version": python,
                    "python_full_version": python + patch,
                    "extra": extra,
                }
            )
            for python in PYTHONS
            for patch in (".0", NEWEST_PATCH)
            for extra in {"", *extras}
        ):
            yield requirement


def test_the_image_holds_the_pinned_packages_that_the_program_needs_and_no_others() -> None:
    # Silent failure prevented: a package that is missing until it is imported; the tools of the tests
    pins = (ROOT / "constraints-hashes.txt").read_text().splitlines()
    held = (DEPLOY / "requirements.txt").read_text().splitlines()
    assert [line for line in held if line not in pins] == []
    waiting, seen = [("sigmasight", frozenset[str]())], set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        waiting += [(canonicalize_name(one.name), frozenset(one.extras)) for one in needed_by(name, extras)]
    assert {line.partition("==")[0] for line in held} == {name for name, _ in seen} - {"sigmasight"}
