"""Target prices and the returns they imply."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import Limit, Offset, PrintableName, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound, TargetPriceNotFound
from api.http.limits import MAX_ROWS
from api.queries import load_query
from api.schemas.data import PositionType
from api.schemas.target_prices import TargetPrice, TargetPriceSummary

router = APIRouter(prefix="/target-prices", tags=["Data"])

TARGET_PRICES = load_query("target_prices")


def _selected(part: str, **chosen: Any) -> dict[str, Any]:
    everything = {"portfolio_id": None, "symbol": None, "position_type": None, "target_id": None}
    return {"part": part, "limit": None, "offset": 0, **everything, **chosen}


@router.get(
    "/target/{target_id}",
    summary="One target price",
    response_model=TargetPrice,
    responses=marts_responses(TargetPriceNotFound),
)
async def target_price(target_id: UUID, responder: ResponderDep) -> Response:
    """Show one target price in force, by its id in the list."""
    return await responder.send(
        TARGET_PRICES, _selected("one", target_id=target_id), missing=TargetPriceNotFound
    )


@router.get(
    "/{portfolio_id}",
    summary="A portfolio's target prices",
    response_model=list[TargetPrice],
    responses=marts_responses(PortfolioNotFound),
)
async def target_prices(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    symbol: Annotated[PrintableName | None, Query(description="Only this symbol.")] = None,
    position_type: Annotated[
        PositionType | None, Query(description="Only symbols held in a position of this type.")
    ] = None,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> Response:
    """List the target prices in force for the holdings at the close, by symbol, as a bare array.

    A target applies from its effective date on; the lots of a symbol share one.
    """
    wanted = symbol.strip().upper() if symbol and symbol.strip() else None
    chosen = {
        "portfolio_id": portfolio_id,
        "symbol": wanted,
        "position_type": position_type,
        "limit": limit,
        "offset": offset,
    }
    return await responder.send(TARGET_PRICES, _selected("list", **chosen), portfolio_id=portfolio_id)


@router.get(
    "/{portfolio_id}/summary",
    summary="Summary of a portfolio's target prices",
    response_model=TargetPriceSummary,
    responses=marts_responses(PortfolioNotFound),
)
async def target_prices_summary(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Sum the returns that the target prices in force imply for the portfolio, and list the targets."""
    return await responder.send(
        TARGET_PRICES, _selected("summary", portfolio_id=portfolio_id), portfolio_id=portfolio_id
    )
