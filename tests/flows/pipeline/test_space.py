"""A build that the disk has no space for is refused before it writes, so that readers go on."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from flows.errors import DiskSpaceError
from flows.maintenance.backup import restore_backup, write_backup
from flows.pipeline.space import RESERVE, check_space, estimated_bytes
from flows.pipeline.window import fix_known_at, plan_window
from tests.flows.flow_helpers import NEW_DATE, CommandLine
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.settings import Settings


class Usage(NamedTuple):
    """What shutil.disk_usage returns."""

    total: int
    used: int
    free: int


def test_a_build_is_refused_below_the_estimate(
    calendar_warehouse: Warehouse,
    connection: psycopg.Connection[Any],
    load_prices: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load_prices(date(2025, 1, 2), date(2025, 1, 3))
    window = plan_window(connection, known_at=fix_known_at(connection))
    assert window is not None
    needed = estimated_bytes(connection, window)
    assert needed > RESERVE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2 * needed, needed, needed))
    check_space(calendar_warehouse, connection, window)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2 * needed, needed + 1, needed - 1))
    with pytest.raises(DiskSpaceError, match=r"2025-01-02 to 2025-01-03 needs about \d+ MB"):
        check_space(calendar_warehouse, connection, window)
    check_space(replace(calendar_warehouse, is_embedded=False), connection, window)  # its disk is elsewhere


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk to fill")
def test_readers_go_on_while_the_disk_is_nearly_full(
    nightly_copy: CommandLine, make_home: Callable[[], Path], tmp_path: Path
) -> None:
    write_backup(nightly_copy.warehouse, tmp_path / "to move.backup")
    home = make_home()
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=1500m,mode=755", "tmpfs", str(home)], check=True)
    settings = Settings(sigmasight_home=home)
    try:
        small = open_warehouse(settings)
        shutil.copy(nightly_copy.warehouse.settings.backup_key_file, settings.backup_key_file)
        restore_backup(small, tmp_path / "to move.backup")
        (home / "filler").write_bytes(b"\0" * (shutil.disk_usage(home).free - RESERVE // 2))

        refused = CommandLine(small).run("nightly", "--force")
        assert refused.returncode == 1
        assert re.search(r"needs about \d+ MB, and the disk of \S+ has \d+ MB left", refused.stderr)
        with small.connect_analyst() as analyst:
            found = analyst.execute("select max(as_of_date) < %s from fct_portfolio_snapshots", [NEW_DATE])
            assert found.fetchone() == (True,)
    finally:
        stop_warehouse(settings)
        subprocess.run(["/bin/umount", str(home)], check=True)
