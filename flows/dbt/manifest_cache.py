"""Cache dbt's parsed project between builds, and skip nodes that need not be rebuilt.

Parsing takes seconds, and the manifest of the last parse stays valid while no project file and no version
changes: the build window is not part of any model's text.

A hash of the project's files (the mark) shows whether the views, functions and seeds in the database are
those of the project: a nightly run with an unchanged project only fills tables and runs tests.

The cache begins with two digests, of itself and of manifest.json, from which the API describes the marts. A
file that is not what was written is made again: a changed bit in it would be another figure.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from flows.database import Connection, rows
from flows.dbt.runner import MANIFEST
from flows.environment import dbt_target
from flows.pipeline.lock import process_name
from warehouse.code_version import project_mark
from warehouse.connections import Warehouse
from warehouse.settings import profiles_folder, project_root

logger = logging.getLogger(__name__)

KEPT = "parsed-{mark}.msgpack"
WRITTEN_BY_DBT = "partial_parse.msgpack"
DIGEST_BYTES = 32
PACKAGES = ("dbt-core", "dbt-postgres")

# Nodes that do not depend on the build window. Their tests still run.
STATIC_NODES = ("config.materialized:view_in_place", "resource_type:function", "resource_type:seed")

# empty: otherwise excluding a node also excludes its tests
SKIP_STATIC_NODES = ("--exclude", *STATIC_NODES, "--indirect-selection", "empty")

FORGET = "delete from ops.built_projects"

MISSING = """
select name from unnest(%s::text[]) as name where to_regclass(name) is null
union all
select name from unnest(%s::text[]) as name where to_regproc(name) is null
"""


@dataclass(frozen=True)
class ParsedProject:
    """mark: hash of the project's files. manifest: dbt's, None until it is parsed."""

    mark: str
    manifest: Any

    def is_built_in(self, connection: Connection) -> bool:
        """Whether the database has the views, functions and seeds of this version of the project."""
        if self.manifest is None:
            return False
        built = rows(connection, "select from ops.built_projects where mark = %s", [self.mark])
        return bool(built) and not rows(connection, MISSING, list(self._static_names()))

    def _static_names(self) -> tuple[list[str], list[str]]:
        """Names of the relations and the functions that STATIC_NODES selects."""
        views = [node for node in self.manifest.nodes.values() if node.config.materialized == "view_in_place"]
        seeds = [node for node in self.manifest.nodes.values() if node.resource_type == "seed"]
        return _names([*views, *seeds]), _names(self.manifest.functions.values())


def _names(nodes: Iterable[Any]) -> list[str]:
    return [f'"{node.schema}"."{node.alias}"' for node in nodes]


def read_parsed_project(warehouse: Warehouse) -> ParsedProject:
    """The project's mark, and its manifest if it is cached."""
    mark = project_mark()
    manifest = _read_manifest(_kept(warehouse, mark))
    if manifest is None:
        return ParsedProject(mark, None)
    _name_database(manifest, warehouse.dbt_environment()["SIGMASIGHT_DB_NAME"])
    manifest.build_parent_and_child_maps()
    manifest.build_flat_graph()
    return ParsedProject(mark, manifest)


def _read_manifest(path: Path) -> Any:
    """The manifest in the file; None if there is none, or it or manifest.json is not what was written.

    Then both are removed, and so is what dbt would continue from: see _drop_untrusted.
    """
    if not path.exists():
        _drop_untrusted(path.parent)
        return None
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415 - seconds of imports, paid only by a build

    content = path.read_bytes()
    digests, parsed = content[: 2 * DIGEST_BYTES], content[2 * DIGEST_BYTES :]
    if digests == _digest(parsed) + _digest_of(path.parent / MANIFEST):
        return Manifest.from_msgpack(parsed)
    logger.warning("dbt's parsed project in %s or its manifest is damaged: it is parsed again", path)
    for damaged in (path, path.parent / MANIFEST):
        damaged.unlink(missing_ok=True)
    _drop_untrusted(path.parent)
    return None


def _drop_untrusted(folder: Path) -> None:
    """Remove the parse from which dbt would continue, unless a cache vouches for it."""
    written = folder / WRITTEN_BY_DBT
    if not written.exists():
        return
    content = written.read_bytes()
    vouchers = (kept.read_bytes() for kept in folder.glob(KEPT.format(mark="*")))
    if not any(kept[:DIGEST_BYTES] == _digest(content) for kept in vouchers):
        written.unlink()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _digest_of(path: Path) -> bytes:
    """The digest of a file; of no bytes if there is none."""
    return _digest(path.read_bytes() if path.exists() else b"")


def _name_database(manifest: Any, database: str) -> None:
    """Set the database name, which parsing stores in each node: one home may have several databases."""
    for node in chain(manifest.nodes.values(), manifest.sources.values(), manifest.functions.values()):
        node.database = database
        if node.relation_name:
            _, schema_and_name = node.relation_name.split('"."', 1)
            node.relation_name = f'"{database}"."{schema_and_name}'


def keep_parsed_project(warehouse: Warehouse, project: ParsedProject) -> None:
    """Cache the manifest that dbt has just parsed, under the project's mark."""
    folder, path = dbt_target(warehouse.settings), _kept(warehouse, project.mark)
    draft = path.with_name(f"{path.name}.draft")
    parsed = (folder / WRITTEN_BY_DBT).read_bytes()
    draft.write_bytes(_digest(parsed) + _digest_of(folder / MANIFEST) + parsed)
    for outdated in folder.glob(KEPT.format(mark="*")):
        outdated.unlink(missing_ok=True)
    draft.rename(path)


def _parsing_mark(mark: str) -> str:
    """A hash of what parsing depends on: the project's files, where they are, and the versions of dbt."""
    digest = hashlib.sha256("\n".join([mark, str(project_root()), *map(version, PACKAGES)]).encode())
    digest.update((profiles_folder() / "profiles.yml").read_bytes())
    return digest.hexdigest()[:32]


def _kept(warehouse: Warehouse, mark: str) -> Path:
    return dbt_target(warehouse.settings) / KEPT.format(mark=_parsing_mark(mark))


@dataclass(frozen=True)
class ProjectBuild:
    """The manifest to build with (None: parse), and options for dbt."""

    manifest: Any
    options: tuple[str, ...]


@contextmanager
def project_build(warehouse: Warehouse, *, everything: bool) -> Iterator[ProjectBuild]:
    """What the build in the body can skip; what it built is recorded when it succeeds.

    everything: rebuild all views, also those that are current. While views change, the database is recorded
    as having those of no project.
    """
    project = read_parsed_project(warehouse)
    with _marking(warehouse) as connection:
        is_current = not everything and project.is_built_in(connection)
        if not is_current:
            connection.execute(FORGET)
    yield ProjectBuild(project.manifest, SKIP_STATIC_NODES if is_current else ())
    if project.manifest is None:
        keep_parsed_project(warehouse, project)
    if not is_current:
        with _marking(warehouse) as connection:
            connection.execute("insert into ops.built_projects (mark) values (%s)", [project.mark])


def _marking(warehouse: Warehouse) -> Connection:
    return warehouse.connect_writer(application_name=process_name("project"))
