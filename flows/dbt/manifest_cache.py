"""dbt's parsed project, kept between builds, and what of it need not be built again.

Parsing takes seconds, and the manifest of the last parse is good as long as no file of the project and no
version changes: what a build covers is no part of any model's text.

The same mark tells whether the views, functions and seeds in the database are those of the project: a night
with the same project only fills tables and runs tests.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from flows.database import Connection, rows
from flows.environment import dbt_target
from flows.pipeline.lock import process_name
from warehouse.connections import Warehouse
from warehouse.settings import profiles_folder, project_root

KEPT = "parsed-{mark}.msgpack"
WRITTEN_BY_DBT = "partial_parse.msgpack"
READ_BY_DBT = ("dbt_project.yml", "functions", "macros", "models", "seeds", "tests")
PACKAGES = ("dbt-core", "dbt-postgres")

# What a build fills with no rows. Tests of these are run all the same.
STANDING = ("config.materialized:view_in_place", "resource_type:function", "resource_type:seed")

# empty: without it, a test would be left out with what it looks at
STANDING_LEFT_OUT = ("--exclude", *STANDING, "--indirect-selection", "empty")

FORGET = "delete from ops.built_projects"

MISSING = """
select name from unnest(%s::text[]) as name where to_regclass(name) is null
union all
select name from unnest(%s::text[]) as name where to_regproc(name) is null
"""


@dataclass(frozen=True)
class ParsedProject:
    """mark: of everything that parsing depends on. manifest: dbt's, None until it was parsed."""

    mark: str
    manifest: Any

    def stands_in(self, connection: Connection) -> bool:
        """Whether the database has the views, functions and seeds of just this project."""
        if self.manifest is None:
            return False
        built = rows(connection, "select from ops.built_projects where mark = %s", [self.mark])
        return bool(built) and not rows(connection, MISSING, list(self._standing()))

    def _standing(self) -> tuple[list[str], list[str]]:
        """Names of the relations and the functions that STANDING selects."""
        views = [node for node in self.manifest.nodes.values() if node.config.materialized == "view_in_place"]
        seeds = [node for node in self.manifest.nodes.values() if node.resource_type == "seed"]
        return _names([*views, *seeds]), _names(self.manifest.functions.values())


def _names(nodes: Iterable[Any]) -> list[str]:
    return [f'"{node.schema}"."{node.alias}"' for node in nodes]


def read_parsed_project(warehouse: Warehouse) -> ParsedProject:
    """The project's mark, and its manifest if one was kept."""
    mark = project_mark()
    path = dbt_target(warehouse.settings) / KEPT.format(mark=mark)
    if not path.exists():
        return ParsedProject(mark, None)
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415 - seconds of imports, paid only by a build

    manifest: Any = Manifest.from_msgpack(path.read_bytes())
    _name_database(manifest, warehouse.dbt_environment()["SIGMASIGHT_DB_NAME"])
    manifest.build_parent_and_child_maps()
    manifest.build_flat_graph()
    return ParsedProject(mark, manifest)


def _name_database(manifest: Any, database: str) -> None:
    """Speak of this database: a home may have several, and parsing writes one's name into each relation's."""
    for node in chain(manifest.nodes.values(), manifest.sources.values(), manifest.functions.values()):
        node.database = database
        if node.relation_name:
            _, schema_and_name = node.relation_name.split('"."', 1)
            node.relation_name = f'"{database}"."{schema_and_name}'


def keep_parsed_project(warehouse: Warehouse, project: ParsedProject) -> None:
    """Keep the manifest that dbt has parsed just now, under the project's mark."""
    folder = dbt_target(warehouse.settings)
    draft = folder / f"{KEPT.format(mark=project.mark)}.draft"
    draft.write_bytes((folder / WRITTEN_BY_DBT).read_bytes())
    for outdated in folder.glob(KEPT.format(mark="*")):
        outdated.unlink(missing_ok=True)
    draft.rename(folder / KEPT.format(mark=project.mark))


def project_mark() -> str:
    """A hash of what parsing depends on: the project's files, where they are, and the versions of dbt."""
    root = project_root()
    digest = hashlib.sha256("\n".join([str(root), *map(version, PACKAGES)]).encode())
    for path in [profiles_folder() / "profiles.yml", *_files(root / "dbt_project")]:
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for name in READ_BY_DBT for path in _under(folder / name) if path.is_file())


def _under(path: Path) -> Iterable[Path]:
    return path.rglob("*") if path.is_dir() else [path]


@dataclass(frozen=True)
class ProjectBuild:
    """How to build: with this manifest (None: parse), and these options of dbt."""

    manifest: Any
    options: tuple[str, ...]


@contextmanager
def project_build(warehouse: Warehouse, *, everything: bool) -> Iterator[ProjectBuild]:
    """What the build of the body need not do again; what it did is kept when it succeeds.

    everything: make all views anew, also those that stand. While views change, the database has those of no
    project.
    """
    project = read_parsed_project(warehouse)
    with _marking(warehouse) as connection:
        is_standing = not everything and project.stands_in(connection)
        if not is_standing:
            connection.execute(FORGET)
    yield ProjectBuild(project.manifest, STANDING_LEFT_OUT if is_standing else ())
    if project.manifest is None:
        keep_parsed_project(warehouse, project)
    if not is_standing:
        with _marking(warehouse) as connection:
            connection.execute("insert into ops.built_projects (mark) values (%s)", [project.mark])


def _marking(warehouse: Warehouse) -> Connection:
    return warehouse.connect_writer(application_name=process_name("project"))
