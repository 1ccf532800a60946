"""Prices by symbol: what a portfolio holds, benchmarks, quotes, factor ETFs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.dependencies import PrintableName, ResponderDep, SplitCommas, SplitCommasOrNone
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import DEFAULT_LOOKBACK_DAYS, MAX_LOOKBACK_DAYS, MAX_QUOTES
from api.queries import load_query
from api.schemas.data import HistoricalPrices
from api.schemas.prices import BenchmarkPrices, FactorEtfPrices, PriceQuotes

router = APIRouter(prefix="/data", tags=["Data"])

HISTORICAL_PRICES = load_query("historical_prices")
BENCHMARK_PRICES = load_query("benchmark_prices")
PRICE_QUOTES = load_query("price_quotes")
FACTOR_ETF_PRICES = load_query("factor_etf_prices")

LookbackDays = Annotated[
    int,
    Query(
        ge=1,
        le=MAX_LOOKBACK_DAYS,
        description="Calendar days to look back from the session, including its own day.",
    ),
]


@router.get(
    "/prices/historical/{portfolio_id}",
    summary="Prices of a portfolio's holdings",
    response_model=HistoricalPrices,
    responses=marts_responses(PortfolioNotFound),
)
async def historical_prices(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    lookback_days: LookbackDays = DEFAULT_LOOKBACK_DAYS,
    include_factor_etfs: Annotated[bool, Query(description="Include the ETFs of the factor models.")] = True,
    date_format: Annotated[
        Literal["iso", "unix"], Query(description="iso: YYYY-MM-DD; unix: seconds since 1970 at 00:00 UTC.")
    ] = "iso",
) -> Response:
    """Show daily bars of the symbols held at the session's close; an option appears under its underlying.

    Private holdings have no prices. adjusted_close is chained back by total returns from the last close
    shown, so a response for a past date does not reflect later splits and dividends.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "lookback_days": lookback_days,
        "include_factor_etfs": include_factor_etfs,
        "date_format": date_format,
    }
    return await responder.send(HISTORICAL_PRICES, parameters, portfolio_id=portfolio_id)


@router.get(
    "/prices/benchmark/{symbol}",
    summary="Prices of one symbol",
    response_model=BenchmarkPrices,
    responses=marts_responses(),
)
async def benchmark_prices(
    *,
    symbol: Annotated[PrintableName, Path(description="A symbol such as SPY.")],
    responder: ResponderDep,
    lookback_days: LookbackDays = DEFAULT_LOOKBACK_DAYS,
) -> Response:
    """Show daily bars, as traded, of any symbol of the warehouse, such as SPY.

    Without a price in these days, `available` is false and `message` says why.
    """
    parameters = {"symbol": symbol.strip().upper(), "lookback_days": lookback_days}
    return await responder.send(BENCHMARK_PRICES, parameters)


@router.get("/prices/quotes", summary="Quotes", response_model=PriceQuotes, responses=marts_responses())
async def price_quotes(
    *,
    symbols: Annotated[
        list[PrintableName],
        SplitCommas,
        Query(min_length=1, max_length=MAX_QUOTES, description="Symbols, comma-separated or repeated."),
    ],
    responder: ResponderDep,
) -> Response:
    """Show the last close of each symbol up to the session, in the order requested.

    These are closes, not live quotes: `is_realtime` is false, and bid and ask are null.
    """
    wanted = [symbol.upper() for symbol in symbols]
    return await responder.send(PRICE_QUOTES, {"symbols": wanted})


@router.get(
    "/factors/etf-prices",
    summary="Prices of the factor ETFs",
    response_model=FactorEtfPrices,
    responses=marts_responses(),
)
async def factor_etf_prices(
    *,
    responder: ResponderDep,
    lookback_days: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_LOOKBACK_DAYS,
            description="Calendar days of history, including the session's own day. Default: none.",
        ),
    ] = None,
    factors: Annotated[
        Annotated[list[PrintableName], Field(max_length=MAX_QUOTES)] | None,
        SplitCommasOrNone,
        Query(description="Factors or ETFs by name. Default: all."),
    ] = None,
) -> Response:
    """Show the last bar of each factor ETF, up to the session.

    The mapping of factors to ETFs is the current one.
    """
    parameters = {
        "lookback_days": lookback_days,
        "factors": [factor.lower() for factor in factors] if factors else None,
    }
    return await responder.send(FACTOR_ETF_PRICES, parameters)
