"""What the routes of the chat share: their store, their documented problems, and the check of a portfolio."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from api.auth.users import User
from api.chat.store.database import ChatStore
from api.chat.store.insights import Insight
from api.chat.store.message_records import Message
from api.dependencies import CurrentUser, ServicesDep
from api.http.documentation import (
    BODY_PROBLEMS,
    LOGIN_PROBLEMS,
    SERVICE_PROBLEMS,
    Responses,
    problem_responses,
)
from api.http.errors import (
    ChatUnavailable,
    InvalidRequest,
    NothingPublished,
    PortfolioNotFound,
    Problem,
    QueryTimedOut,
    RequestLimitReached,
)
from api.http.rates import NoTurnError
from api.services import Services

PORTFOLIO_PROBLEMS = (PortfolioNotFound, NothingPublished, QueryTimedOut)


async def _forbid_caching(response: Response) -> None:
    response.headers["Cache-Control"] = "private, no-store"


NO_CACHING = [Depends(_forbid_caching)]


async def _own_turn(user: CurrentUser, services: ServicesDep) -> AsyncIterator[None]:
    """Wait until the answer to the user's request before is sent, and hold the turn until this one is.

    A record takes its size in memory several times over.
    """
    try:
        async with services.records.turn(user.user_id):
            yield
    except NoTurnError:
        raise RequestLimitReached(
            "Your other requests for what the chat keeps of you take too long; send one at a time.",
            retry_after=10,
        ) from None


ONE_BY_ONE = [Depends(_own_turn)]
"""For answers that may be all of a user's record."""


def chat_responses(*problems: type[Problem]) -> Responses:
    """Make the `responses` of a route of the chat: the problems that all of them have, and these."""
    return problem_responses(
        ChatUnavailable, InvalidRequest, *LOGIN_PROBLEMS, *SERVICE_PROBLEMS, *BODY_PROBLEMS, *problems
    )


async def _store(services: ServicesDep) -> ChatStore:
    return services.store


StoreDep = Annotated[ChatStore, Depends(_store)]


async def check_portfolio(services: Services, user: User, portfolio_id: UUID | None) -> None:
    """Raise PortfolioNotFound unless the user may see the portfolio; None passes."""
    if portfolio_id is None:
        return
    async with services.reader.reading_as(user) as reading:
        if await reading.first_snapshot_date(portfolio_id) is None:
            raise PortfolioNotFound


def sources(answer: Message | Insight) -> dict[str, Any]:
    """Where the figures of an answer are from: `queries` that returned a result, and `figures`."""
    return {
        "queries": [_without(query, "refused_reason") for query in answer.queries],
        "figures": [_without(figure, "start") for figure in answer.figures],
    }


def _without(record: object, name: str) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key != name}


def deleted(sentence: str) -> dict[str, Any]:
    """The answer of a deletion."""
    return {"message": sentence, "success": True}
