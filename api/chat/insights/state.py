"""The state of a portfolio that a briefing's severity and limitations are computed from."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from api.auth.users import User
from api.http.errors import PortfolioNotFound
from api.marts.reader import Reader
from api.queries import load_query

PORTFOLIO_STATE: Final = load_query("chat_portfolio_state")


@dataclass(frozen=True)
class PortfolioState:
    """Figures of a portfolio at one session; None where the marts have none.

    session_pnl: hypothetical P&L of the session, USD. earlier_var_*: value at risk of the session
    before, USD. drawdown, *_pct_equity, shares and percentiles are decimals. strong_tilts, *_count: numbers
    of each. *_flag, *_message: the quality of an analytic.
    """

    portfolio_name: str
    equity: float | None
    session_pnl: float | None
    earlier_var_95: float | None
    earlier_var_99: float | None
    drawdown: float | None
    volatility_percentile: float | None
    var_99_1d_pct_equity: float | None
    market_beta: float | None
    leverage: float | None
    top_1_share: float | None
    diversification_score: float | None
    worst_pct_equity: float | None
    doubtful_count: int
    strong_tilts: int
    is_backtest_red: bool | None
    is_backtest_yellow: bool | None
    has_simulated_prices: bool
    private_count: int
    position_count: int
    options_without_greeks: int
    stale_count: int
    missing_count: int
    risk_flag: str | None
    risk_message: str | None
    correlation_flag: str | None
    correlation_message: str | None
    stress_flag: str | None
    stress_message: str | None
    factors_flag: str | None
    factors_message: str | None
    withheld_reason: str | None = None


@dataclass(frozen=True)
class Published:
    """A portfolio's state, and the publication that it was read from."""

    publication_id: int
    as_of_date: date
    state: PortfolioState


async def read_state(reader: Reader, user: User, portfolio_id: UUID) -> Published:
    """Read the state at the last published session. Raises PortfolioNotFound or NothingPublished."""
    async with reader.reading_as(user) as reading:
        published = await reading.published_state(None, portfolio_id)
        row = await reading.one_row(
            PORTFOLIO_STATE, {"portfolio_id": portfolio_id, "as_of_date": published.as_of_date}
        )
    if row is None:
        raise PortfolioNotFound
    return Published(published.newest_publication_id, published.as_of_date, PortfolioState(**row[0]))
