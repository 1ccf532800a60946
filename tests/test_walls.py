"""Who may import whom. A module that breaks a wall fails here, with the import that broke it."""

import ast
import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from warehouse.settings import project_root

ROOT = project_root()

MAY_IMPORT = {
    "warehouse": set[str](),
    "ingestion": {"warehouse"},
    "python_models": set[str](),
    "flows": {"warehouse", "ingestion", "python_models"},
    "api": {"warehouse"},
}
# flows runs dbt, and says in which processes its Python models run; kernels are dbt's to call
OF_PYTHON_MODELS = {
    "flows.dbt.runner": {"python_models.runtime.processes", "python_models.runtime.workers"},
}
# commands that start what api offers, through its entry points
OF_API = {
    "flows.cli.app": {"api.chat.store.command"},
    "flows.cli.chat.commands": {"api.chat.command", "api.mcp.stdio"},
    "flows.cli.chat.evaluate": {"api.chat.evaluation.live"},
    "flows.summaries.chat_answer": {"api.chat.command"},
    "flows.summaries.chat_verification": {"api.chat.command"},
    "flows.cli.published.report": {"api.reports.command"},
    "flows.pipeline.reports": {"api.reports.command"},
    "flows.cli.chat.review": {"api.chat.store.command"},
}
MOST_FILES = 20
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
# folders whose folders are rooms of their own
BUILDINGS = (*MAY_IMPORT, "dbt_project", "dbt_project/models", "dbt_project/functions", "api/chat")


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for name in MAY_IMPORT for path in (ROOT / name).rglob("*.py")}


def imported(text: str, known: Iterable[str]) -> set[str]:
    """Modules of `known` that the text imports, inside functions as well."""
    return set(_imported(text, set(known)))


def _imported(text: str, known: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from members & known or {node.module}


IMPORTS = {name: imported(path.read_text(), MODULES) for name, path in MODULES.items()}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; none, if there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("name", MODULES)
def test_a_package_imports_only_what_it_may(name: str) -> None:
    package = name.partition(".")[0]
    foreign = {other for other in IMPORTS[name] if other.partition(".")[0] != package}
    forbidden = {other for other in foreign if other.partition(".")[0] not in MAY_IMPORT[package]}
    assert forbidden == OF_API.get(name, set())
    kernels = {other for other in foreign if other.startswith("python_models")}
    assert kernels == OF_PYTHON_MODELS.get(name, set())


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(IMPORTS) == []


def test_a_circle_is_found_where_a_function_imports() -> None:
    sources = {"a": "import b", "b": "def load():\n    from c import thing\n", "c": "from a import other\n"}
    circular = {name: imported(text, sources) for name, text in sources.items()}
    assert set(circle(circular)) == {"a", "b", "c"}


@pytest.mark.parametrize("package", [*MAY_IMPORT, "dbt_project", "tests"])
def test_no_folder_holds_more_files_of_a_kind_than_one_can_look_over(package: str) -> None:
    counts: dict[tuple[str, str], int] = {}
    for path in (ROOT / package).rglob("*"):
        if path.suffix in {".py", ".sql", ".yml", ".md"} and "target" not in path.parts:
            key = (str(path.parent.relative_to(ROOT)), path.suffix)
            counts[key] = counts.get(key, 0) + 1
    assert {key: count for key, count in counts.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_the_architecture_names_what_a_package_may_import(package: str) -> None:
    """An import that a wall allows and the page denies sends a newcomer to the wrong place."""
    row = re.search(rf"^\| `{package}/` \| .* \| (.*) \|$", ARCHITECTURE, re.MULTILINE)
    assert row
    named = {name.partition("/")[0] for name in re.findall(r"`([a-z_/]+)`", row[1])}
    entry_points = {"api"} if any(name.startswith(f"{package}.") for name in OF_API) else set()
    assert named == MAY_IMPORT[package] | entry_points


NO_ROOM = ("target", "logs", "__pycache__")


@pytest.mark.parametrize("building", BUILDINGS)
def test_the_architecture_names_every_room(building: str) -> None:
    rooms = [path for path in (ROOT / building).iterdir() if any(path.glob("[!_.]*.*"))]
    names = {f"{path.relative_to(ROOT).as_posix()}/" for path in rooms if not path.name.startswith(NO_ROOM)}
    assert {name for name in names if f"`{name}" not in ARCHITECTURE} == set()
