"""From a mart to the SQL that builds it: dbt's manifest, reloaded when a build has written a new one."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio

from api.http.errors import LineageUnavailable, MartNotFound

logger = logging.getLogger(__name__)

MARTS = "marts"
LAYER_OF_SOURCES = "raw"


@dataclass(frozen=True)
class _Manifest:
    """The nodes by id, the marts by name, and the version of the file they were read from."""

    nodes: Mapping[str, Mapping[str, Any]]
    marts: Mapping[str, Mapping[str, Any]]
    version: tuple[int, int]
    dbt_invocation_id: str | None
    generated_at: str | None


class Lineage:
    """Describes marts from dbt's manifest. path: of manifest.json."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._manifest: _Manifest | None = None

    async def describe_mart(self, name: str) -> dict[str, Any]:
        """Describe a mart. Raises MartNotFound or LineageUnavailable."""
        return await anyio.to_thread.run_sync(self._describe, name)

    def _describe(self, name: str) -> dict[str, Any]:
        manifest = self._read()
        node = manifest.marts.get(name)
        if node is None:
            known = ", ".join(sorted(manifest.marts))
            raise MartNotFound(f"There is no mart with this name; the marts are: {known}.")
        return {
            "mart": name,
            "description": node["description"],
            "grain": (node.get("config", {}).get("meta") or {}).get("grain", []),
            "columns": [_column(column) for column in node["columns"].values()],
            "compiled_sql": self._compiled(node),
            "raw_sql": node["raw_code"],
            "depends_on": node["depends_on"]["nodes"],
            "upstream": [self._upstream(manifest, key) for key in _ancestors(manifest.nodes, node)],
            "dbt_invocation_id": manifest.dbt_invocation_id,
            "generated_at": manifest.generated_at,
        }

    def _read(self) -> _Manifest:
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_size)
            if self._manifest is None or self._manifest.version != version:
                self._manifest = _parse(self._path.read_bytes(), version)
        except (OSError, ValueError, KeyError) as error:
            logger.warning("no lineage from %s: %s", self._path, error)
            raise LineageUnavailable from error
        return self._manifest

    def _upstream(self, manifest: _Manifest, key: str) -> dict[str, Any]:
        node = manifest.nodes[key]
        return {
            "id": key,
            "name": node["name"],
            "layer": LAYER_OF_SOURCES if node["resource_type"] == "source" else node["schema"],
            "resource_type": node["resource_type"],
            "language": node.get("language"),
            "description": node["description"],
            "depends_on": node.get("depends_on", {}).get("nodes", []),
            "compiled_sql": self._compiled(node),
            "raw_sql": node.get("raw_code"),
        }

    def _compiled(self, node: Mapping[str, Any]) -> str | None:
        """The SQL that dbt ran last: from the manifest, or its compiled file if the build skipped it."""
        if node.get("compiled_code"):
            return str(node["compiled_code"])
        if not node.get("raw_code"):
            return None
        file = self._path.parent / "compiled" / node["package_name"] / node["original_file_path"]
        return file.read_text() if file.is_file() else None


def _parse(content: bytes, version: tuple[int, int]) -> _Manifest:
    manifest = json.loads(content)
    nodes = {
        key: node
        for key, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if node["resource_type"] in {"model", "seed", "source"}
    }
    marts = {
        node["name"]: node
        for node in nodes.values()
        if node["resource_type"] == "model" and node["fqn"][1] == MARTS
    }
    metadata = manifest.get("metadata", {})
    return _Manifest(nodes, marts, version, metadata.get("invocation_id"), metadata.get("generated_at"))


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": column["name"],
        "data_type": column["data_type"],
        "unit": (column.get("meta") or {}).get("unit"),
        "description": column["description"],
    }


def _ancestors(nodes: Mapping[str, Mapping[str, Any]], node: Mapping[str, Any]) -> Iterable[str]:
    """The ids of all upstream nodes, nearest first."""
    found: dict[str, None] = {}
    waiting = list(node["depends_on"]["nodes"])
    while waiting:
        key = waiting.pop(0)
        if key in nodes and key not in found:
            found[key] = None
            waiting += nodes[key].get("depends_on", {}).get("nodes", [])
    return found


def digest_of(answer: Mapping[str, Any]) -> str:
    """Hash the content of a response, for its ETag."""
    return sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()[:32]
