"""Returns by period in plain pandas (method 4 and 16): time-weighted, money-weighted, benchmark."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from scipy.optimize import brentq

from tests.dbt.selected_builds import read_rows
from warehouse.connections import Warehouse

PERIODS = ("1D", "1W", "MTD", "QTD", "YTD", "1Y", "3Y", "ITD")
TRAILING = {"1W": relativedelta(days=7), "1Y": relativedelta(years=1), "3Y": relativedelta(years=3)}
FIGURES = ("time_weighted", "money_weighted_period", "benchmark")
ROWS = """
select portfolio_name, returns.* from marts.fct_returns_by_period as returns
join marts.dim_portfolios using (portfolio_id)
order by portfolio_name, as_of_date, period
"""


@dataclass(frozen=True)
class Expected:
    """Returns of a period; None where there is none. first: the first session that counts."""

    first: date
    sessions: int
    time_weighted: float | None
    money_weighted_period: float | None
    benchmark: float | None


def expected_return(
    days: pd.DataFrame, benchmark: Mapping[date, float], sessions: list[date], day: date, period: str
) -> Expected | None:
    """The returns of a portfolio for a period that ends on a day; None if it is too young.

    days: equity, daily_pnl, capital_flow, indexed by session. benchmark: known returns by session. sessions:
    of the exchange.
    """
    start = _first_day(day, period, sessions)
    if period in TRAILING and days.index[0] >= start:
        return None
    own = days.loc[start:day]
    begun = list(own.index)
    capital = own.equity - own.daily_pnl
    so_far = days.loc[:day]
    is_broken = bool(((so_far.equity <= 0) | (so_far.equity - so_far.daily_pnl <= 0)).any())
    known = [benchmark[when] for when in begun if when in benchmark]
    return Expected(
        begun[0],
        len(begun),
        None if is_broken else float(np.prod(1 + own.daily_pnl / capital) - 1),
        _internal_rate(own, sessions[bisect_left(sessions, begun[0]) - 1], day, sessions),
        float(np.prod(1 + np.array(known)) - 1) if len(known) == len(begun) else None,
    )


def _first_day(day: date, period: str, sessions: list[date]) -> date:
    """The first day whose return counts."""
    if period in TRAILING:
        base = sessions[bisect_right(sessions, day - TRAILING[period]) - 1]
        return base + timedelta(days=1)
    return {
        "1D": day,
        "MTD": day.replace(day=1),
        "QTD": day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1),
        "YTD": day.replace(month=1, day=1),
        "ITD": date.min,
    }[period]


def _internal_rate(own: pd.DataFrame, base: date, day: date, sessions: list[date]) -> float | None:
    """As a spreadsheet's XIRR: dated amounts whose value today is zero; a flow is dated the close before."""
    first = own.iloc[0]
    start, end = float(first.equity - first.daily_pnl - first.capital_flow), float(own.equity.iloc[-1])
    if start <= 0 or end <= 0:
        return None
    paid = own.capital_flow[own.capital_flow != 0]
    before = {when: sessions[bisect_left(sessions, when) - 1] for when in paid.index}
    amounts = [(base, -start), *((before[when], -float(paid[when])) for when in paid.index), (day, end)]
    span = (day - base).days

    def worth(log_growth: float) -> float:
        return sum(amount * np.exp(-log_growth * (when - base).days / span) for when, amount in amounts)

    return float(np.exp(brentq(worth, -50, 50, xtol=1e-14)) - 1)


class Facts:
    """What a reader of other marts knows."""

    def __init__(self, warehouse: Warehouse) -> None:
        every = read_rows(warehouse, "select as_of_date from marts.dim_dates where is_trading_day order by 1")
        self.sessions = [fact["as_of_date"] for fact in every]
        self.rows = read_rows(warehouse, ROWS)
        self.days = pd.DataFrame(
            read_rows(
                warehouse,
                "select portfolio_id, as_of_date, equity::float8, daily_pnl::float8, capital_flow::float8 "
                "from marts.fct_portfolio_snapshots order by as_of_date",
            )
        ).set_index("as_of_date")
        prices = read_rows(
            warehouse,
            "select symbol, as_of_date, daily_return from marts.fct_prices where daily_return is not null",
        )
        self.returns = {(fact["symbol"], fact["as_of_date"]): fact["daily_return"] for fact in prices}
        self.benchmarks = read_rows(warehouse, "select * from marts.dim_benchmarks")
        self.openings = {
            fact["portfolio_id"]: fact["opening_date"]
            for fact in read_rows(warehouse, "select portfolio_id, opening_date from marts.dim_portfolios")
        }

    def benchmark(self, portfolio: Any) -> dict[date, float]:
        """Known returns of the benchmarks in force, by session."""
        found = {}
        for period in (row for row in self.benchmarks if row["portfolio_id"] == portfolio):
            for day in self.sessions:
                if period["valid_from"] <= day <= (period["valid_to"] or date.max):
                    value = (
                        0.0 if day == self.openings[portfolio] else self.returns.get((period["symbol"], day))
                    )
                    if value is not None:
                        found[day] = value
        return found


def assert_equal_to_the_reference(facts: Facts) -> None:
    own = dict(iter(facts.days.groupby("portfolio_id")))
    benchmarks = {portfolio: facts.benchmark(portfolio) for portfolio in own}
    assert len(facts.rows) == len(facts.days) * len(PERIODS)
    wrong = []
    for found in facts.rows:
        portfolio, day, period = found["portfolio_id"], found["as_of_date"], found["period"]
        expected = expected_return(own[portfolio], benchmarks[portfolio], facts.sessions, day, period)
        if expected is None:
            reasons = {
                found[f"{name}_null_reason"] for name in ("time_weighted", "money_weighted", "benchmark")
            }
            assert reasons == {"history_too_short"}
            assert found["from_date"] is None
            continue
        figures = {name: getattr(expected, name) for name in FIGURES}
        near = {
            name: value if value is None else pytest.approx(value, abs=1e-9)
            for name, value in figures.items()
        }
        if {name: found[name] for name in FIGURES} != near or (found["from_date"], found["sessions"]) != (
            expected.first,
            expected.sessions,
        ):
            wrong.append(
                (found["portfolio_name"], day, period, {name: found[name] for name in FIGURES}, expected)
            )
    assert wrong == []
