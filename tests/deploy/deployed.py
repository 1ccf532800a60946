"""What the files of deploy/ name, compared with the code: commands, settings, paths, programs that lint."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main
import yaml

from api.app import create_app
from flows.cli.app import app
from warehouse.settings import Settings, project_root

ROOT = project_root()
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
MANIFESTS = sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "database"}
USER = 10001
HOME = "/var/lib/sigmasight"
READERS = {"API_DATABASE_URL", "AUTH_DATABASE_URL", "CHAT_DATABASE_URL", "AI_DATABASE_URL"}
"""What the API logs in with: none of them may write a mart."""


def as_options(arguments: Sequence[str]) -> dict[str, Any]:
    """Parse arguments of `sigmasight` as it does; raises for a command or option that does not exist."""
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    return dict(command.make_context("sigmasight", rest).params)


def health_paths() -> set[str]:
    """The paths of health checks that the API has."""
    return {path for path in create_app(Settings()).openapi()["paths"] if "/health" in path}


def variables(text: str) -> set[str]:
    """The variables that compose fills in, `${NAME...}`."""
    return set(re.findall(r"\$\{([A-Z_]+)", text))


def settings() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def documents() -> Iterator[dict[str, Any]]:
    """Every object of the manifests."""
    for path in MANIFESTS:
        yield from yaml.safe_load_all(path.read_text())


def pods() -> dict[str, dict[str, Any]]:
    """The pods' specs by the component that they are."""
    found: dict[str, dict[str, Any]] = {}
    for document in documents():
        spec = document.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            labels = spec["template"]["metadata"]["labels"]
            found[labels["app.kubernetes.io/component"]] = spec["template"]["spec"]
    return found


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment."""
    path = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    assert path, f"{program} is not installed: make installs it"
    return subprocess.run([path, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
