"""The chat's database is copied with pg_dump, as docs/chat.md says: with all users' rows."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.chat.store.database import ChatStore
from tests.api.chat.chat_records import answer
from tests.api.chat.store.store_helpers import RunCoroutine, chat_url_of_admin
from tests.database_copies import PROCESS
from warehouse.connections import Warehouse
from warehouse.embedded_host import program
from warehouse.urls import make_url, url_parts

SHOWS_ALL = {"PGOPTIONS": "-c sigmasight.chat_operator=on"}


def run_tool(name: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program(name), *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("role", ["postgres", "sigmasight_ai"])
def test_a_dump_restores_every_row(
    *,
    module_warehouse: Warehouse,
    store: ChatStore,
    run: RunCoroutine,
    user_id: UUID,
    tmp_path: Path,
    role: str,
) -> None:
    run(answer(store, user_id))
    before = run(store.user_data.export(user_id))
    file = str(tmp_path / "chat.backup")
    admin = chat_url_of_admin(module_warehouse)
    dumped = (
        run_tool("pg_dump", "--format=custom", f"--file={file}", admin)
        if role == "postgres"
        else run_tool(
            *("pg_dump", "--enable-row-security", "--inserts", "--format=custom", f"--file={file}"),
            module_warehouse.ai_url,
            **SHOWS_ALL,
        )
    )
    assert dumped.returncode == 0, dumped.stderr
    with restored_in(module_warehouse, file) as url:
        copied = module_warehouse.settings.model_copy(update={"ai_database_url": url})

        async def read() -> Any:
            async with ChatStore(copied) as other:
                return await other.user_data.export(user_id)

        assert run(read()) == before


@contextmanager
def restored_in(warehouse: Warehouse, file: str) -> Iterator[str]:
    """Restore the file in a new database, removed at the end; its URL as sigmasight_ai."""
    admin = chat_url_of_admin(warehouse)
    name = f"chat_restored_{PROCESS}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create database {name} template template0 owner sigmasight_ai".encode())
        target = make_url({**url_parts(admin), "dbname": name})
        restored = run_tool("pg_restore", "--clean", "--if-exists", f"--dbname={target}", file)
        assert restored.returncode == 0, restored.stderr
        yield make_url({**url_parts(warehouse.ai_url), "dbname": name})
        connection.execute(f"drop database {name} with (force)".encode())


def test_a_dump_of_the_owner_without_the_setting_is_refused_and_not_silently_empty(
    module_warehouse: Warehouse, store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    run(answer(store, user_id))
    refused = run_tool("pg_dump", module_warehouse.ai_url)
    assert refused.returncode == 1
    assert "row-level security" in refused.stderr
