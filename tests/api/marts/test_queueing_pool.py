"""The queue in front of the chat's pools: turns, outages, and requests that are cancelled while they wait."""

import asyncio
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.marts.queueing_pool import QueueingPool
from warehouse.connections import Warehouse

SIZE = 3
UNREACHABLE = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"


def make_pool(url: str, *, wait: float) -> QueueingPool:
    return QueueingPool(url, max_size=SIZE, min_size=0, wait=wait, timeout=5, open=False, name="tested")


def test_requests_wait_their_turn_and_those_that_are_cancelled_leave_no_place_taken(
    module_warehouse: Warehouse,
) -> None:
    served: list[int] = []

    async def use(pool: QueueingPool, number: int) -> None:
        async with pool.connection() as connection:
            served.append(number)
            await connection.execute("select pg_sleep(0.02)")

    async def run() -> None:
        async with make_pool(module_warehouse.admin_url, wait=30) as pool:
            tasks = [asyncio.create_task(use(pool, number)) for number in range(40)]
            await asyncio.sleep(0.05)
            assert pool.get_stats()["requests_waiting"] > SIZE
            for task in tasks[1::2]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert pool.get_stats()["requests_waiting"] == 0
            await asyncio.gather(*(use(pool, 100 + number) for number in range(2 * SIZE)))

    asyncio.run(run())
    assert {*range(0, 40, 2)} <= {*served}
    waited = [number for number in served if SIZE <= number < 100]
    # places that become free at the same moment go to the next ones in any order
    assert all(abs(place - sorted(waited).index(number)) < SIZE for place, number in enumerate(waited))


def test_a_request_does_not_wait_for_ever(module_warehouse: Warehouse) -> None:
    async def run() -> None:
        async with make_pool(module_warehouse.admin_url, wait=0.1) as pool:
            held = [await pool.getconn() for _ in range(SIZE)]
            with pytest.raises(PoolTimeout, match=r"within 0\.1 seconds"):
                await pool.getconn()
            await pool.putconn(held.pop())
            held.append(await pool.getconn())
            for connection in held:
                await pool.putconn(connection)

    asyncio.run(run())


def test_an_outage_is_noticed_by_all_who_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float | None] = []
    get = AsyncConnectionPool.getconn

    async def counted(pool: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - the pool's
        asked.append(timeout)
        return await get(pool, timeout)

    monkeypatch.setattr(AsyncConnectionPool, "getconn", counted)

    async def ask(pool: QueueingPool) -> None:
        async with pool.connection(timeout=0.3):
            pass

    async def run() -> list[Any]:
        async with make_pool(UNREACHABLE, wait=30) as pool:
            return await asyncio.gather(*(ask(pool) for _ in range(10 * SIZE)), return_exceptions=True)

    outcomes = asyncio.run(run())
    assert {type(outcome) for outcome in outcomes} == {PoolTimeout}
    assert len(asked) == SIZE  # the others wait for none
