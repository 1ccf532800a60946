"""What is another user's is answered as what does not exist, by every path with an id, in body and time."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from api.chat.store.database import ChatStore
from tests.api.api_helpers import Person
from tests.api.chat.chat_records import answer, insight
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
