"""What is another user's is answered as what does not exist, by every path with an id, in body and time."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest

from api.chat.store.database import ChatStore
from api.queries import load_query
from tests.api.api_helpers import Person
from tests.api.chat.chat_records import answer, insight
from tests.claims import claim, user_of
from warehouse.connections import Warehouse

PREFIX = "/api/v1"
BODIES = {
    "/chat/conversations/{conversation_id}/mode": {"mode": "green"},
    "/chat/messages/{message_id}/feedback": {"rating": "up"},
    "/insights/{insight_id}": {"viewed": True},
    "/insights/{insight_id}/feedback": {"rating": 5},
    "/analytics/portfolio/{portfolio_id}/what-if": {"trades": [{"symbol": "AAPL", "quantity": 1}]},
}
"""Of requests that have one."""

IN_THE_QUERY = (
    "/data/positions/details?portfolio_id={portfolio_id}",
    "/data/positions/details?position_ids={position_id}",
    "/data/positions?portfolio_id={portfolio_id}",
    "/data/company-profiles?portfolio_id={portfolio_id}",
    "/data/company-profiles?position_ids={position_id}",
    "/restatements?portfolio_id={portfolio_id}",
    "/chat/memories?portfolio_id={portfolio_id}",
)
NEWEST_OF_THE_HEDGE_FUND = """
select max(as_of_date), portfolio_id
from fct_portfolio_snapshots join dim_portfolios using (portfolio_id)
where owner_email = 'demo_hedgefundstyle@sigmasight.com'
group by portfolio_id
"""
FEW, MANY = 15, 60
"""Pairs of requests: at first, and where the first ones look different."""


@dataclass(frozen=True)
class Path:
    """A documented path with an id."""

    method: str
    template: str

    @property
    def kind(self) -> str:
        """What the id is of."""
        (name,) = re.findall(r"{(\w+)}", self.template)
        return name


@pytest.fixture(scope="module")
def paths(family_office: Person) -> list[Path]:
    """Every path that takes the id of something that belongs to a user, including those added later."""
    document = family_office.get("openapi.json").json()["paths"]
    found = [
        Path(method.upper(), path.removeprefix(PREFIX))
        for path, methods in document.items()
        for method, operation in methods.items()
        if any(
            parameter["in"] == "path" and parameter["schema"].get("format") == "uuid"
            for parameter in operation.get("parameters", [])
        )
    ]
    aggregates = [path.removeprefix(PREFIX) for path in document if "/aggregate/" in path]
    in_query = [f"{path}?portfolio_ids={{portfolio_id}}" for path in aggregates]
    return found + [Path("GET", path) for path in (*IN_THE_QUERY, *in_query)]


@pytest.fixture(scope="module")
def foreign(hedge_fund: Person, demo: Warehouse) -> Iterator[dict[str, str]]:
    """An id of each kind that belongs to somebody else, by the name of the parameter."""
    user_id = UUID(hedge_fund.get("auth/me").json()["id"])
    portfolio_id = hedge_fund.portfolio_id
    positions = hedge_fund.get("data/positions/details", portfolio_id=portfolio_id).json()["positions"]

    async def write() -> dict[str, str]:
        async with ChatStore(demo.settings) as store:
            written = await answer(store, user_id)
            about = insight(UUID(portfolio_id), written.message_id)
            briefing = await store.insights.add(user_id, about)
            memory = await store.memories.add(user_id, "We hedge.")
            return {
                "conversation_id": str(written.conversation_id),
                "message_id": str(written.message_id),
                "insight_id": str(briefing.insight_id),
                "memory_id": str(memory.memory_id),
            }

    async def take_back() -> None:
        async with ChatStore(demo.settings) as store:
            await store.user_data.delete(user_id)

    yield {
        "portfolio_id": portfolio_id,
        "position_id": positions[0]["id"],
        "tag_id": hedge_fund.get("tags/").json()["tags"][0]["id"],
        "target_id": hedge_fund.get(f"target-prices/{portfolio_id}").json()[0]["id"],
        **asyncio.run(write()),
    }
    asyncio.run(take_back())


def send(person: Person, path: Path, of: str) -> Any:
    """Send the request about this id."""
    url = f"{PREFIX}{path.template.format(**{path.kind: of})}"
    body = BODIES.get(path.template) if path.method in {"POST", "PUT", "PATCH"} else None
    return person.client.request(path.method, url, json=body, headers=person.headers)


def seen(person: Person, path: Path, of: str) -> tuple[int, str, dict[str, str]]:
    """All of an answer but the id that was asked for, and the ETag, which is a digest of the path."""
    response = send(person, path, of)
    headers = {name: value for name, value in response.headers.items() if name != "etag"}
    return response.status_code, response.text.replace(of, "ID"), headers


def test_what_is_anothers_is_answered_as_what_does_not_exist(
    family_office: Person, hedge_fund: Person, foreign: dict[str, str], paths: list[Path]
) -> None:
    assert {path.kind for path in paths} == set(foreign)
    assert len(paths) > 60
    for path in paths:
        of_another = seen(family_office, path, foreign[path.kind])
        assert of_another == seen(family_office, path, str(uuid4())), path
        assert of_another[0] == 404 or path.method == "GET", path
    # the ids are those of something, and nothing of it was changed or deleted
    for path in paths:
        if path.method == "GET" and "feedback" not in path.template:
            assert send(hedge_fund, path, foreign[path.kind]).status_code == 200, path


@pytest.mark.parametrize(
    "statement",
    [load_query(name).text for name in ("benchmark_prices", "price_quotes", "company_profiles")]
    + [b"select * from udf.what_if_trades(%(of)s, %(as_of_date)s, %(trades)s, 'absorb')"],
    ids=["benchmark_prices", "price_quotes", "company_profiles", "what_if_trades"],
)
def test_a_symbol_that_others_hold_is_read_like_one_that_nobody_holds(
    demo: Warehouse, hedge_fund: Person, family_office: Person, statement: bytes
) -> None:
    own, of_another = (
        {row["symbol"] for row in person.get("data/positions/details", portfolio_id=key).json()["positions"]}
        for person in (hedge_fund, family_office)
        for key in [person.portfolio_id]
    )
    foreign = min(symbol for symbol in of_another - own if symbol.isalpha())
    assert steps(demo, statement, foreign) == steps(demo, statement, "NOBODYS")
    assert steps(demo, statement, min(own)) != steps(demo, statement, "NOBODYS")


def steps(demo: Warehouse, statement: bytes, symbol: str) -> list[tuple[Any, ...]]:
    """What the hedge fund's question about a symbol does: rows found and rows dropped by each step."""
    with psycopg.connect(demo.analyst_url) as analyst:
        ((session, portfolio_id),) = analyst.execute(NEWEST_OF_THE_HEDGE_FUND).fetchall()
    parameters = {
        "symbol": symbol,
        "symbols": [symbol],
        "as_of_date": session,
        "lookback_days": 365,
        "simulated_notice": "",
        **dict.fromkeys(("portfolio_id", "position_ids", "fields"), None),
        "limit": 10,
        "offset": 0,
        "trades": json.dumps([{"symbol": symbol, "quantity": 1}]),
        "of": portfolio_id,
    }
    with psycopg.connect(demo.api_url) as connection:
        claim(connection, user_of(demo, "demo_hedgefundstyle@sigmasight.com"))
        connection.execute("set local plan_cache_mode = force_generic_plan")
        connection.execute("set local search_path = marts, udf")
        asked = b"explain (analyze, timing off, format json) " + statement
        ((found,),) = connection.execute(asked, parameters).fetchall()
    return list(counts_of(found[0]["Plan"]))


def counts_of(step: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The counts of a step of a plan and of those below it."""
    yield step["Node Type"], step["Actual Rows"], step["Actual Loops"], step.get("Rows Removed by Filter")
    for below in step.get("Plans", ()):
        yield from counts_of(below)


@pytest.mark.long
def test_what_is_anothers_takes_as_long_as_what_does_not_exist(
    family_office: Person, foreign: dict[str, str], paths: list[Path]
) -> None:
    apart = {path: separation(family_office, path, foreign[path.kind], FEW) for path in paths}
    suspects = [path for path, found in apart.items() if abs(found - 0.5) > 0.3]
    again = {path: separation(family_office, path, foreign[path.kind], MANY) for path in suspects}
    assert {path: found for path, found in again.items() if abs(found - 0.5) > 0.25} == {}


def separation(person: Person, path: Path, of_another: str, pairs: int) -> float:
    """How well the time tells the two apart: the share of pairs in which the foreign id took longer.

    0.5 is not at all, 0 and 1 are surely. Requests come in a random order, so that both meet the same load
    and the same connections of the pool.
    """
    send(person, path, of_another)
    foreign: list[float] = []
    absent: list[float] = []
    for times in Random(7).sample([foreign, absent] * pairs, 2 * pairs):
        times.append(seconds(send, person, path, of_another if times is foreign else str(uuid4())))
    return float(np.mean(np.array(foreign)[:, None] > np.array(absent)[None, :]))


def seconds(call: Callable[..., Any], *arguments: Any) -> float:
    """How long the call takes."""
    begun = perf_counter()
    call(*arguments)
    return perf_counter() - begun
