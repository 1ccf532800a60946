"""`sigmasight mcp` as an assistant starts it: a process that speaks the protocol over stdin and stdout."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.api.chat.mcp.mcp_clients import body_of, metric, statement, text_of
from warehouse.connections import Warehouse
from warehouse.settings import project_root

pytestmark = pytest.mark.slow

USER = "demo_individual@sigmasight.com"
PROGRAM = str(Path(sys.executable).with_name("sigmasight"))


def environment(warehouse: Warehouse, **changes: str) -> dict[str, str]:
    """The environment in which the command finds the warehouse, and no key of a model."""
    found = {**os.environ, **warehouse.settings.as_environment(), "PYTHONPATH": str(project_root())}
    return {**found, **changes}


@asynccontextmanager
async def assistant(warehouse: Warehouse, **changes: str) -> AsyncIterator[Client]:
    """Connect to a process of its own."""
    parameters = StdioServerParameters(
        command=PROGRAM, args=["mcp", "--user", USER], env=environment(warehouse, **changes)
    )
    async with Client(parameters) as client:
        yield client


def test_an_assistant_reads_the_figures_of_its_user(demo: Warehouse) -> None:
    async def ask() -> None:
        async with assistant(demo) as client:
            assert client.server_info is not None
            assert client.server_info.name == "sigmasight"
            assert len((await client.list_tools()).tools) == 7
            assert body_of(await client.call_tool("metric", metric("equity")))["rows"]
            mine = body_of(await client.call_tool("sql", statement("select count(*) from dim_portfolios")))
            assert mine["rows"] == [[1]]
            refused = await client.call_tool("sql", statement("select * from ops.users"))
            assert refused.is_error
            page = await client.read_resource("sigmasight://semantic")
            assert "dim_portfolios" in page.contents[0].text  # type: ignore[union-attr]

    anyio.run(ask)


@pytest.mark.long
def test_a_cancelled_call_leaves_the_server_usable(demo: Warehouse) -> None:
    slow = "select count(*) from generate_series(1, 100000) as a, generate_series(1, 100000) as b"
    generous = {"CHAT_SQL_COST": "1e18", "CHAT_SQL_SCANNED_ROWS": "1e18", "CHAT_SQL_SECONDS": "30"}

    async def cancel() -> Any:
        async with assistant(demo, **generous) as client:
            with anyio.move_on_after(2):
                await client.call_tool("sql", statement(slow))
                pytest.fail("the slow statement has ended")
            with anyio.fail_after(15):
                return await client.call_tool("sql", statement("select count(*) from dim_portfolios"))

    assert body_of(anyio.run(cancel))["rows"] == [[1]]


@pytest.mark.long
def test_stdout_carries_only_the_protocol(demo: Warehouse) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    done = subprocess.run(
        [PROGRAM, "mcp", "--user", USER],
        input="this is no message\n" + json.dumps(hello) + "\n",
        env=environment(demo),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert "sigmasight" in [line.get("result", {}).get("serverInfo", {}).get("name") for line in lines]


def test_an_unknown_user_is_refused_with_a_sentence(demo: Warehouse) -> None:
    done = subprocess.run(
        [PROGRAM, "mcp", "--user", "nobody@example.com"],
        env=environment(demo),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "No active user has the email 'nobody@example.com'" in done.stderr


def test_calls_count_against_the_limit_of_a_minute(demo: Warehouse) -> None:
    async def ask() -> list[Any]:
        async with assistant(demo, CHAT_REQUESTS_PER_MINUTE="2") as client:
            return [await client.call_tool("metric", metric("equity")) for _ in range(3)]

    answers = anyio.run(ask)
    assert [answer.is_error for answer in answers] == [False, False, True]
    assert "a minute" in text_of(answers[-1])
