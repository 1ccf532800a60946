"""What a portfolio would be after trades; nothing is written."""

import dataclasses
import json
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from psycopg.types.json import Jsonb

from api.dependencies import ResponderDep, ServicesDep
from api.http.documentation import BODY_PROBLEMS, marts_responses
from api.http.errors import PortfolioNotFound, TooManyTrades, TradeRefused
from api.queries import load_query
from api.schemas.performance.what_if import PortfolioWhatIf, WhatIfRequest

router = APIRouter(prefix="/analytics/portfolio/{portfolio_id}", tags=["Analytics"])

WHAT_IF = load_query("analytics_what_if")


@router.post(
    "/what-if",
    summary="What-if",
    response_model=PortfolioWhatIf,
    responses=marts_responses(
        PortfolioNotFound, TradeRefused, TooManyTrades, *BODY_PROBLEMS, is_cached=False
    ),
)
async def what_if(
    portfolio_id: UUID, asked: WhatIfRequest, responder: ResponderDep, services: ServicesDep
) -> Response:
    """Show the figures of the portfolio before trades at the close, after them, and the change.

    Nothing is written. Figures are computed as published: without trades, before and after are what the
    other paths show, value at risk within 1e-6. Symbols may be traded that the portfolio does not hold, if
    you may read their prices; options only if it holds the contract.
    """
    most = services.settings.what_if_trades
    if len(asked.trades) > most:
        raise TooManyTrades(
            f"{len(asked.trades)} trades are more than the {most} that WHAT_IF_TRADES allows; ask with fewer."
        )
    at = dataclasses.replace(responder, as_of_date=asked.as_of_date or responder.as_of_date)
    parameters = {
        "portfolio_id": portfolio_id,
        "trades": Jsonb([trade.as_asked() for trade in asked.trades], dumps=_dumps),
        "cash": asked.cash,
    }
    return await at.send_computed(WHAT_IF, parameters, portfolio_id=portfolio_id, judge=_refuse)


def _dumps(trades: Any) -> str:
    return json.dumps(trades, default=str)


def _refuse(row: tuple[Any, ...]) -> None:
    """Raise TradeRefused for the trades that the query found impossible."""
    refused = row[1]
    if refused:
        raise TradeRefused(" ".join(trade["message"] for trade in refused), trades=refused)
