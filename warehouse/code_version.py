"""Whether a warehouse is of this version of the code: the layout of its tables, the models of its marts.

The layout is numbered by the scripts of warehouse/sql/upgrades. The models are known by a hash of the files
of dbt_project, which a build records in ops.built_projects when it makes the views.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from warehouse.settings import project_root

UPGRADES = Path(__file__).parent / "sql" / "upgrades"
READ_BY_DBT = ("dbt_project.yml", "functions", "macros", "models", "seeds", "tests")

UPGRADE = "sigmasight upgrade"
"""The one command that brings a warehouse of an older version to this one."""

READ_STATE = """
select
    (select coalesce(max(layout), 1) from ops.layouts) as layout,
    exists (select from ops.publications) as is_published,
    exists (select from ops.built_projects where mark = %(mark)s) as has_models
"""
"""The state of a warehouse: the arguments of compare. Parameter: the mark of the code."""


@dataclass(frozen=True)
class CodeVersion:
    """A version of the code. layout: the newest that it knows. mark: the hash of its models."""

    layout: int
    mark: str

    def compare(self, layout: int, is_published: bool, has_models: bool) -> "VersionState":
        """The state of a warehouse with this row of READ_STATE. Nothing published: no models to differ."""
        return VersionState(layout, self.layout, is_published, is_published and not has_models)


@dataclass(frozen=True)
class VersionState:
    """A warehouse next to the code. models_changed: its marts are those of other models."""

    layout: int
    newest_layout: int
    is_published: bool
    models_changed: bool

    @property
    def is_current(self) -> bool:
        return self.layout == self.newest_layout and not self.models_changed

    @property
    def is_newer(self) -> bool:
        """Whether the warehouse is of a newer version than the code."""
        return self.layout > self.newest_layout

    @property
    def command(self) -> str | None:
        """The command to run; None if the warehouse is current, or newer than the code."""
        return None if self.is_current or self.is_newer else UPGRADE

    @property
    def sentence(self) -> str | None:
        """What differs, and what to do about it; None for a current warehouse."""
        if self.is_newer:
            return (
                f"This warehouse has the layout of a newer version (layout {self.layout}, this version knows "
                f"{self.newest_layout}): install the newer version, and restart what still runs the old one."
            )
        if self.layout < self.newest_layout:
            return (
                f"This warehouse has the layout of an older version (layout {self.layout}, now "
                f"{self.newest_layout}): run `{UPGRADE}`, which keeps publications and history."
            )
        if self.models_changed:
            return (
                f"The models changed since the marts of this warehouse were built: run `{UPGRADE}`, which "
                "keeps publications and history."
            )
        return None


def upgrade_steps() -> dict[int, Path]:
    """The upgrade scripts, by the layout that each produces."""
    return {int(path.name[:3]): path for path in sorted(UPGRADES.rglob("[0-9]*.sql"), key=_name)}


def _name(path: Path) -> str:
    return path.name


def this_version() -> CodeVersion:
    """The version of the code on disk; reads all files of dbt_project."""
    return CodeVersion(max(upgrade_steps()), project_mark())


def project_mark() -> str:
    """A hash of the files of dbt_project, the same wherever the project is."""
    folder = project_root() / "dbt_project"
    digest = hashlib.sha256()
    for path in _files(folder):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def _files(folder: Path) -> Iterable[Path]:
    found = (path for name in READ_BY_DBT for path in _under(folder / name))
    return sorted(path for path in found if path.is_file() and path.parent.name != "__pycache__")


def _under(path: Path) -> Iterable[Path]:
    return path.rglob("*") if path.is_dir() else [path]
