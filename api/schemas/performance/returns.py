"""Response models of a portfolio's returns: by period, by month, drawdowns and the daily series."""

from datetime import date
from typing import Literal

from pydantic import Field

from api.schemas.analytics_common import Analytic, Metadata
from api.schemas.common import ResponseModel, described

Period = Literal["custom", "1D", "1W", "MTD", "QTD", "YTD", "1Y", "3Y", "ITD"]


def _from(description: str, example: str) -> date | None:
    """A nullable date under the name `from`, which is a keyword of Python."""
    field: date | None = Field(alias="from", description=description, examples=[example])
    return field


class Benchmark(ResponseModel):
    """What the portfolio is compared with."""

    symbol: str = described("Its symbol; returns are total returns.", "SPY")
    is_default: bool = described("Whether the portfolio has none of its own.", True)
    valid_from: date = described("First day on which it is the benchmark.", "2025-06-30")


class PeriodReturn(ResponseModel):
    """Returns of one period: sessions `from` to `to`, both included."""

    period: Period = described(
        "custom (the range asked for); 1D, MTD, QTD, YTD: to date, since the portfolio's start if that is "
        "later; 1W, 1Y, 3Y: trailing; ITD: since inception.",
        "YTD",
    )
    first: date | None = _from("First session; null if the portfolio is too young.", "2025-06-30")
    to: date | None = described("Last session.", "2025-09-12")
    base_date: date | None = described("The session before, at whose close the period starts.", "2025-06-27")
    sessions: int | None = described("Sessions of the period.", 53)
    time_weighted: float | None = described("Time-weighted return, not annualized.", 0.0312)
    time_weighted_annualized: float | None = described("The same a year; null for less than a year.", None)
    time_weighted_null_reason: Literal["history_too_short", "return_chain_broken", "no_sessions"] | None = (
        described("Why it is null; null if it is not.", None)
    )
    money_weighted: float | None = described(
        "Money-weighted return a year: show money_weighted_period for less than a year.", 0.1565
    )
    money_weighted_period: float | None = described(
        "Money-weighted return over the period: the one to show beside time_weighted.", 0.0312
    )
    money_weighted_null_reason: (
        Literal[
            "history_too_short",
            "equity_not_positive",
            "no_unique_rate",
            "annual_rate_out_of_range",
            "no_sessions",
        ]
        | None
    ) = described("Why it is null; null if neither is.", None)
    benchmark_symbol: str | None = described("The benchmark at the end of the period.", "SPY")
    benchmark: float | None = described("Total return of the benchmark over the same sessions.", 0.0289)
    benchmark_annualized: float | None = described("The same a year; null for less than a year.", None)
    benchmark_null_reason: Literal["history_too_short", "benchmark_returns_missing", "no_sessions"] | None = (
        described("Why it is null; null if it is not.", None)
    )
    excess: float | None = described("time_weighted less benchmark.", 0.0023)
    coverage: float | None = described("Share of sessions on which the benchmark's return is known.", 1.0)


class MonthReturn(ResponseModel):
    """Returns of a calendar month; the first and the last may be parts of one."""

    month: str = described("YYYY-MM.", "2025-08")
    first: date | None = _from("First session.", "2025-08-01")
    to: date = described("Last session.", "2025-08-29")
    sessions: int = described("Sessions.", 21)
    time_weighted: float | None = described("Null once the chain of returns is broken.", 0.0108)
    benchmark: float | None = described("Null unless known on every session.", 0.0134)
    excess: float | None = described("time_weighted less benchmark.", -0.0026)
    dividends: float = described("Cash dividends by ex-date, USD; paid on short positions: negative.", 412.6)


class Drawdown(ResponseModel):
    """A fall of the time-weighted return from a peak."""

    peak_date: date = described("Last session at the peak.", "2025-08-14")
    trough_date: date = described("First session at the lowest value.", "2025-08-29")
    recovery_date: date | None = described("First session back at the peak; null if not yet.", None)
    depth: float = described("Value at the trough over that at the peak, less 1.", -0.0677)
    sessions: int = described("Sessions from the peak to the recovery, or to the end.", 20)


class ReturnSeries(ResponseModel):
    """One entry per session, and first one for the close before; arrays of equal length."""

    dates: list[date] = described("Sessions; the first is that before the range.", ["2025-06-27"])
    values: list[float] = described("Equity, USD.", [485000.0])
    capital_flows: list[float] = described("Contributions less withdrawals, USD.", [0.0])
    time_weighted: list[float | None] = described("Return since the range began.", [0.0])
    benchmark: list[float | None] = described("That of the benchmark; null once one is missing.", [0.0])
    drawdown: list[float | None] = described("Below the highest value of the range so far.", [0.0])


class ReturnsMetadata(Metadata):
    """The range of months, drawdowns and series."""

    first: date | None = _from("First day asked for; null: since inception.", "2025-06-30")
    to: date = described("Last day: that asked for, or the session.", "2025-09-12")
    drawdown_count: int = described("Drawdowns in the range; the deepest are listed.", 12)
    chain_broken_on: date | None = described(
        "First session of the range from which on returns are not known, because capital or equity was not "
        "positive: drawdowns end before it, and the last may be deeper than its depth. Null without one.",
        None,
    )


class PortfolioReturns(Analytic):
    """Returns of a portfolio and its benchmark: months oldest first, drawdowns deepest first, at most 20."""

    benchmark: Benchmark | None
    periods: list[PeriodReturn]
    monthly: list[MonthReturn]
    drawdowns: list[Drawdown]
    series: ReturnSeries | None = described("Null without include_series.", None)
    metadata: ReturnsMetadata
