"""Statements that ask for much memory or time end, and cost the others little."""

import asyncio
import shutil
import time
from contextlib import suppress

import httpx
import numpy as np
import psutil
import pytest

from api.auth.users import User
from api.chat.sql.errors import StatementFailed, StatementRefused
from tests.api.api_helpers import log_in_demo
from tests.api.chat.sql.conftest import Run, reading
from tests.api.page.running_server import RunningServer
from warehouse.connections import Warehouse

LARGE_TEXT = (
    "select string_agg(lpad('', 1000, 'x'), '') from generate_series(1, 100000) a"
    " cross join generate_series(1, 9) b"
)
SLOW = "select count(*) from generate_series(1, 100000) a cross join generate_series(1, 100000) b"
BOUND = 700_000_000  # what is allowed, and what every process has
needs_prlimit = pytest.mark.skipif(shutil.which("prlimit") is None, reason="the bound is Linux's")


def private_bytes(of_role: str) -> int:
    """The most memory that a server's process of the role has for itself."""
    most = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and of_role in " ".join(process.cmdline()):
                memory = process.memory_info()
                most = max(most, memory.rss - memory.shared)
    return most


async def peak_of(work: asyncio.Task[object]) -> int:
    peak = 0
    while not work.done():
        peak = max(peak, await asyncio.to_thread(private_bytes, "sigmasight_chat"))
    return peak


@needs_prlimit
def test_a_text_of_900_megabytes_fails_in_time_and_memory(
    demo: Warehouse, hedge_fund_user: User, run: Run
) -> None:
    async def ask() -> tuple[int, StatementFailed]:
        async with reading(demo) as reader:
            work = asyncio.create_task(reader.run_checked(hedge_fund_user, LARGE_TEXT))
            peak = await peak_of(work)
            failed = work.exception()
            assert isinstance(failed, StatementFailed)
            answer = await reader.run_checked(hedge_fund_user, "select count(*) from dim_portfolios")
            assert answer.rows == ((1,),)
            return peak, failed

    peak, failed = run(ask())
    assert failed.code == "too_large"
    assert "more memory than allowed" in failed.message
    assert peak < BOUND


@pytest.mark.parametrize(
    "statement",
    [
        "select count(*) from fct_prices a, fct_prices b, fct_prices c, fct_prices d",
        "with recursive a(n) as (select 1 union all select n + 1 from a) select count(*) from a",
        LARGE_TEXT.replace("100000)", "900000)"),
    ],
)
def test_the_obvious_ones_are_refused(
    demo: Warehouse, hedge_fund_user: User, run: Run, statement: str
) -> None:
    async def ask() -> None:
        async with reading(demo) as reader:
            await reader.run_checked(hedge_fund_user, statement)

    with pytest.raises(StatementRefused):  # not StatementFailed: the server computes nothing
        run(ask())


@pytest.mark.long
@needs_prlimit
def test_four_heavy_statements_cost_other_requests_little(
    demo: Warehouse, hedge_fund_user: User, run: Run
) -> None:
    async def ask(statement: str) -> None:
        async with reading(demo, chat_sql_cost=1e15, chat_sql_scanned_rows=1e15) as reader:
            with pytest.raises(StatementFailed):
                await reader.run_checked(hedge_fund_user, statement)

    async def ask_all() -> tuple[float, float]:
        quiet = await asyncio.to_thread(p95, 40)
        begun = time.monotonic()
        heavy = asyncio.gather(*(ask(statement) for statement in (SLOW, LARGE_TEXT, SLOW, LARGE_TEXT)))
        busy = await asyncio.to_thread(p95, 40)
        await heavy
        assert time.monotonic() - begun < 15
        return quiet, busy

    server = RunningServer(demo.settings)
    try:
        with httpx.Client(base_url=server.origin) as client:
            person = log_in_demo(client, "demo_hedgefundstyle@sigmasight.com")  # type: ignore[arg-type]

            def p95(count: int) -> float:
                seconds = []
                for _ in range(count):
                    begun = time.monotonic()
                    assert person.get("data/portfolios").status_code == 200
                    seconds.append(time.monotonic() - begun)
                return float(np.percentile(seconds, 95))

            quiet, busy = run(ask_all())
    finally:
        server.stop()
    assert busy < max(10 * quiet, 0.5), (quiet, busy)  # two statements occupy both cores of a small machine
