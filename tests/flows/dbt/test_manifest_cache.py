"""The cache of dbt's parsed project."""

import random
from pathlib import Path

import pytest

from flows.dbt.manifest_cache import WRITTEN_BY_DBT, _read_manifest


@pytest.mark.parametrize("size", [0, 1, 5_000])
def test_unreadable_bytes_are_dropped_and_the_project_is_parsed_again(tmp_path: Path, size: int) -> None:
    # Silent failure prevented: one damaged file that fails every later run
    kept, by_dbt = tmp_path / "parsed-1.msgpack", tmp_path / WRITTEN_BY_DBT
    for path in (kept, by_dbt):
        path.write_bytes(random.Random(size).randbytes(size))
    assert _read_manifest(kept) is None
    assert not kept.exists()
    assert not by_dbt.exists()
