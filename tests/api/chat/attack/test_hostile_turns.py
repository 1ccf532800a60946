"""A hostile model sees, shows and stores nothing of another user. The long run: see turns."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from tests.api.chat.attack.canaries import KNOWN
from tests.api.chat.attack.turns import Report, attacking
from tests.api.chat.responses_server import Script
from tests.database_copies import drop
from warehouse.connections import Warehouse

CopyWarehouse = Callable[..., Warehouse]

STATEMENT = "select portfolio_name, description, initial_equity from dim_portfolios"


async def attack_for(warehouse: Warehouse, turns: int) -> Report:
    """Attack for so many turns."""
    async with attacking(warehouse) as attack:
        await attack.turns(0, turns)
        return await attack.finish()


def check(report: Report) -> None:
    """No canary anywhere, and every turn ended with an answer."""
    assert report.leaks == []
    assert report.errors == []
    assert report.endings == {"done": report.turns}
    assert min(report.bytes.values()) > 1_000
    assert len(report.bytes) == 5


@pytest.mark.slow
def test_no_canary_is_seen_in_ten_turns(demo: Warehouse, copy_warehouse: CopyWarehouse) -> None:
    copied = copy_warehouse(demo)
    check(asyncio.run(attack_for(copied, 10)))
    drop(copied)


@pytest.mark.long
def test_no_canary_is_seen_in_a_thousand_turns(demo: Warehouse, copy_warehouse: CopyWarehouse) -> None:
    copied = copy_warehouse(demo)
    check(asyncio.run(attack_for(copied, 1_000)))
    drop(copied)


async def ask_as_owner(warehouse: Warehouse) -> Report:
    """Ask as the user whose data are canaries."""
    async with attacking(warehouse) as attack:
        attack.email = KNOWN
        asked = {"statement": STATEMENT, "purpose": "Their own"}
        attack.server.script(
            Script().calls("sql", asked).says(lambda request: request.tool_outputs[-1]).forever()
        )
        await attack.turns(4, 1)
        attack.planted = replace(attack.planted, user_id=UUID(attack.planted.known["user"]))
        return await attack.finish()


@pytest.mark.slow
def test_the_same_search_finds_canaries_where_their_owner_asks(
    demo: Warehouse, copy_warehouse: CopyWarehouse
) -> None:
    copied = copy_warehouse(demo)
    report = asyncio.run(ask_as_owner(copied))
    drop(copied)
    assert {leak.partition(":")[0] for leak in report.leaks} >= {
        *("events", "log records", "requests to the model", "record of the asking user")
    }
