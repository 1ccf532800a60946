"""The cache of dbt's parsed project."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from flows.dbt.manifest_cache import (
    WRITTEN_BY_DBT,
    ParsedProject,
    _kept,
    _read_manifest,
    keep_parsed_project,
)
from flows.dbt.runner import MANIFEST
from flows.environment import dbt_target
from warehouse.connections import Warehouse
from warehouse.settings import Settings


@pytest.mark.parametrize("size", [0, 1, 5_000])
def test_unreadable_bytes_are_dropped_and_the_project_is_parsed_again(tmp_path: Path, size: int) -> None:
    # Silent failure prevented: one damaged file that fails every later run
    kept, by_dbt = tmp_path / "parsed-1.msgpack", tmp_path / WRITTEN_BY_DBT
    for path in (kept, by_dbt):
        path.write_bytes(random.Random(size).randbytes(size))
    assert _read_manifest(kept) is None
    assert not kept.exists()
    assert not by_dbt.exists()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The cache of a parsed project without nodes, as a build writes it."""
    urls = dict.fromkeys(("writer", "analyst", "api", "auth", "ai", "chat", "admin"), "postgresql://")
    settings = Settings(sigmasight_home=tmp_path)
    warehouse = Warehouse(
        settings=settings, is_embedded=True, **{f"{role}_url": url for role, url in urls.items()}
    )
    folder = dbt_target(settings)
    folder.mkdir(parents=True)
    (folder / WRITTEN_BY_DBT).write_bytes(Manifest().to_msgpack())
    (folder / MANIFEST).write_text('{"nodes": {}}')
    keep_parsed_project(warehouse, ParsedProject("mark", None))
    return _kept(warehouse, "mark")


def flip_a_bit(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_what_was_kept_is_read(kept: Path) -> None:
    assert isinstance(_read_manifest(kept), Manifest)
    assert kept.exists()


@pytest.mark.parametrize("place", [0, 40, 64, 200, -1])
def test_one_changed_bit_is_noticed(kept: Path, place: int) -> None:
    # Silent failure prevented: a constant in a model's text that a bad disk changed, in every later build
    flip_a_bit(kept, place)
    assert _read_manifest(kept) is None
    assert list(kept.parent.iterdir()) == []


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: flip_a_bit(path, 5)], ids=["gone", "changed"])
def test_a_damaged_manifest_is_written_again_with_the_next_parse(
    kept: Path, damage: Callable[[Path], None]
) -> None:
    # Silent failure prevented: the API describes the marts by a damaged file until the project changes
    damage(kept.parent / MANIFEST)
    assert _read_manifest(kept) is None
    assert not (kept.parent / MANIFEST).exists()


def test_dbt_continues_only_from_a_parse_that_a_cache_vouches_for(kept: Path) -> None:
    of_another_version = kept.with_name("parsed-of-another-version.msgpack")
    written = kept.parent / WRITTEN_BY_DBT
    assert _read_manifest(of_another_version) is None
    assert written.exists()
    flip_a_bit(written, 10)
    assert _read_manifest(of_another_version) is None
    assert not written.exists()
