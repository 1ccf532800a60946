"""Target prices and what they promise."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AnswersOf, Limit, Offset, PrintableName
from api.http.documentation import marts_answers
from api.http.errors import PortfolioNotFound, TargetPriceNotFound
from api.http.limits import MAX_ROWS
from api.queries import load_query
from api.schemas.target_prices import TargetPrice, TargetPriceSummary

router = APIRouter(prefix="/target-prices", tags=["Data"])

TARGET_PRICES = load_query("target_prices")


def _selected(part: str, **chosen: Any) -> dict[str, Any]:
    everything = {"portfolio_id": None, "symbol": None, "target_id": None, "limit": None, "offset": 0}
    return {"part": part, **everything, **chosen}


@router.get(
    "/target/{target_id}",
    summary="One target price",
    response_model=TargetPrice,
    responses=marts_answers(TargetPriceNotFound),
)
async def target_price(target_id: UUID, answers: AnswersOf) -> Response:
    """Show the target price in force of one of the user's holdings, by the id that the list gives it."""
    return await answers.send(
        TARGET_PRICES, _selected("one", target_id=target_id), missing=TargetPriceNotFound
    )


@router.get(
    "/{portfolio_id}",
    summary="A portfolio's target prices",
    response_model=list[TargetPrice],
    responses=marts_answers(PortfolioNotFound),
)
async def target_prices(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    symbol: Annotated[PrintableName | None, Query(description="Only of this symbol.")] = None,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List the target prices in force of what is held at the close, by symbol, as a bare array.

    A target counts from its effective date on, never before; lots of a symbol share one.
    """
    wanted = symbol.strip().upper() if symbol and symbol.strip() else None
    chosen = _selected("list", portfolio_id=portfolio_id, symbol=wanted, limit=limit, offset=offset)
    return await answers.send(TARGET_PRICES, chosen, portfolio_id=portfolio_id)


@router.get(
    "/{portfolio_id}/summary",
    summary="What a portfolio's target prices promise",
    response_model=TargetPriceSummary,
    responses=marts_answers(PortfolioNotFound),
)
async def target_prices_summary(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Add up what the target prices in force promise the portfolio, with the list of them."""
    return await answers.send(
        TARGET_PRICES, _selected("summary", portfolio_id=portfolio_id), portfolio_id=portfolio_id
    )
