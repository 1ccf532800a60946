"""Prices by symbol: what a portfolio holds, benchmarks, quotes, factor ETFs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.dependencies import AnswersOf, ChosenAtCommas, PrintableName, SplitAtCommas
from api.http.documentation import marts_answers
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
        description="Calendar days to look back from the session, its own day included.",
    ),
]


@router.get(
    "/prices/historical/{portfolio_id}",
    summary="Prices of what a portfolio holds",
    response_model=HistoricalPrices,
    responses=marts_answers(PortfolioNotFound),
)
async def historical_prices(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    lookback_days: LookbackDays = DEFAULT_LOOKBACK_DAYS,
    include_factor_etfs: Annotated[bool, Query(description="Also the ETFs of the factor models.")] = True,
    date_format: Annotated[
        Literal["iso", "unix"], Query(description="iso: YYYY-MM-DD; unix: seconds since 1970 at 00:00 UTC.")
    ] = "iso",
) -> Response:
    """Show daily bars of the symbols held at the session's close; an option stands under its underlying.

    Private holdings have no prices. adjusted_close is chained back by total returns from the last close
    shown, so an answer for a past date knows nothing of later splits and dividends.
    """
    parameters = {
        "portfolio_id": portfolio_id,
        "lookback_days": lookback_days,
        "include_factor_etfs": include_factor_etfs,
        "date_format": date_format,
    }
    return await answers.send(HISTORICAL_PRICES, parameters, portfolio_id=portfolio_id)


@router.get(
    "/prices/benchmark/{symbol}",
    summary="Prices of one symbol",
    response_model=BenchmarkPrices,
    responses=marts_answers(),
)
async def benchmark_prices(
    *,
    symbol: Annotated[PrintableName, Path(description="A symbol such as SPY.")],
    answers: AnswersOf,
    lookback_days: LookbackDays = DEFAULT_LOOKBACK_DAYS,
) -> Response:
    """Show daily bars, as traded, of any symbol of the warehouse, such as SPY.

    Without a price in these days, `available` is false and `message` says why.
    """
    parameters = {"symbol": symbol.strip().upper(), "lookback_days": lookback_days}
    return await answers.send(BENCHMARK_PRICES, parameters)


@router.get("/prices/quotes", summary="Closes", response_model=PriceQuotes, responses=marts_answers())
async def price_quotes(
    *,
    symbols: Annotated[
        list[PrintableName],
        SplitAtCommas,
        Query(min_length=1, max_length=MAX_QUOTES, description="Symbols: with commas, or repeated."),
    ],
    answers: AnswersOf,
) -> Response:
    """Show the last close of each symbol up to the session, in the order asked for.

    These are closes, no live quotes: `is_realtime` is false, and bid and ask are null.
    """
    wanted = [symbol.upper() for symbol in symbols]
    return await answers.send(PRICE_QUOTES, {"symbols": wanted})


@router.get(
    "/factors/etf-prices",
    summary="Prices of the factors' ETFs",
    response_model=FactorEtfPrices,
    responses=marts_answers(),
)
async def factor_etf_prices(
    *,
    answers: AnswersOf,
    lookback_days: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_LOOKBACK_DAYS,
            description="Calendar days of history, the session's own day included. Default: none.",
        ),
    ] = None,
    factors: Annotated[
        Annotated[list[PrintableName], Field(max_length=MAX_QUOTES)] | None,
        ChosenAtCommas,
        Query(description="Factors or ETFs by name. Default: all."),
    ] = None,
) -> Response:
    """Show the last bar of each ETF that stands for a factor, up to the session.

    Which ETF stands for which factor is today's definition.
    """
    parameters = {
        "lookback_days": lookback_days,
        "factors": [factor.lower() for factor in factors] if factors else None,
    }
    return await answers.send(FACTOR_ETF_PRICES, parameters)
