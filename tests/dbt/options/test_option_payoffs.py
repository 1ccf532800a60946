"""Payoffs of options: textbook strategies, parity, the demo against a second implementation, rights.

The function reads the marts on the caller's search path. The strategies are rows of temporary tables of the
marts' own shape, which come first on it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from ingestion.demo.demo import create_demo_users
from tests.claims import claim, user_of
from tests.examples import examples
from warehouse.connections import Warehouse

LAST = "2025-09-12"
HEDGE_FUND = "a36eb94e-4680-52ed-915e-8e29861d0e59"
INDIVIDUAL = "861a4971-68a9-5335-988b-eb9817b549a6"
CALL = "select * from udf.portfolio_option_payoffs(%s::uuid, %s::date) order by 1, 2, 3"
VALUES = """
insert into fct_position_values (
    position_id, portfolio_id, as_of_date, symbol, investment_class, position_type, is_open, quantity,
    market_value
) values (%s, %s, %s, %s, %s, %s, true, %s, %s)
"""
GREEKS = """
insert into fct_position_greeks (
    position_id, portfolio_id, as_of_date, underlying_symbol, expiration_date, strike_price, units,
    underlying_price
) values (%s, %s, %s, 'XYZ', '2025-12-19', %s, %s, %s)
"""
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Leg:
    """Shares, or options at a strike. price: of a share, at which the position is valued."""

    kind: str  # shares, C or P
    quantity: int
    price: float
    strike: float = 0


@pytest.fixture(scope="module")
def writer(demo: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """A connection on whose search path empty tables come before the marts of the same name."""
    with demo.connect_writer() as connection:
        for mart in ("fct_position_values", "fct_position_greeks"):
            connection.execute(f"create temporary table {mart} (like marts.{mart})".encode())
        connection.execute("set search_path = pg_temp, marts")
        yield connection
        connection.rollback()


def payoffs(writer: psycopg.Connection[Any], spot: float | None, *legs: Leg) -> Rows:
    """The payoffs of positions in one underlying, XYZ."""
    portfolio_id = uuid4()
    for leg in legs:
        position_id, is_option = uuid4(), leg.kind in {"C", "P"}
        side = "L" if leg.quantity > 0 else "S"
        units = leg.quantity * (100 if is_option else 1)
        symbol, kind = ("XYZ", "PUBLIC") if not is_option else (f"XYZ {leg.strike}", "OPTIONS")
        position_type = side + leg.kind if is_option else {"L": "LONG", "S": "SHORT"}[side]
        writer.execute(
            VALUES,
            (position_id, portfolio_id, LAST, symbol, kind, position_type, leg.quantity, units * leg.price),
        )
        if is_option:
            writer.execute(GREEKS, (position_id, portfolio_id, LAST, leg.strike, units, spot))
    return writer.cursor(row_factory=dict_row).execute(CALL, (portfolio_id, LAST)).fetchall()


def at(found: Rows, price: float, column: str = "pnl") -> float:
    """The value at a price: rows are joined by straight lines."""
    prices = [float(row["underlying_price"]) for row in found]
    assert prices[0] <= price <= prices[-1]
    return float(np.interp(price, prices, [float(row[column]) for row in found]))


def test_a_straddle_has_the_profits_of_the_textbook(writer: psycopg.Connection[Any]) -> None:
    """Hull, Options, Futures and Other Derivatives, chapter 12: a stock at 69, both at 70 for 4 and 3."""
    found = payoffs(writer, 69, Leg("C", 1, 4, 70), Leg("P", 1, 3, 70))
    profits = {69: -600, 70: -700, 90: 1300, 55: 800, 63: 0, 77: 0}
    assert {price: at(found, price) for price in profits} == pytest.approx(profits)
    assert all(row["pnl"] == row["options_pnl"] for row in found)
    assert {row["shares"] for row in found} == {0}


def test_a_covered_call_has_its_known_limits(writer: psycopg.Connection[Any]) -> None:
    """Shares at 50, a call at 55 sold for 2: even at 48, and 7 a share at most."""
    found = payoffs(writer, 50, Leg("shares", 100, 50), Leg("C", -1, 2, 55))
    profits = {48: 0, 50: 200, 55: 700, 70: 700, 25: -2300}
    assert {price: at(found, price) for price in profits} == pytest.approx(profits)
    assert at(found, 55, "shares_value") == 5500
    assert at(found, 70, "options_value") == -1500
    assert at(found, 70, "options_pnl") == -1300


def test_prices_are_the_strikes_the_spot_and_a_grid(writer: psycopg.Connection[Any]) -> None:
    found = payoffs(writer, 40, Leg("C", 1, 4, 41.5), Leg("P", 2, 1, 10), Leg("C", 1, 4, 42))
    grid = {40 * step / 20 for step in range(10, 31)}
    assert [float(row["underlying_price"]) for row in found] == sorted(grid | {41.5, 10})
    assert {row["spot"] for row in found} == {40}


def test_without_a_spot_only_strikes_are_listed(writer: psycopg.Connection[Any]) -> None:
    (found,) = payoffs(writer, None, Leg("C", 1, 4, 41.5))
    assert (found["underlying_price"], found["spot"], found["options_pnl"]) == (41.5, None, -400)


@settings(max_examples=examples(25), deadline=None)
@given(
    spot=st.floats(5, 900).map(lambda price: round(price, 2)),
    strike=st.integers(1, 1000),
    quantity=st.integers(1, 50),
)
def test_a_call_less_a_put_is_a_forward(
    writer: psycopg.Connection[Any], spot: float, strike: int, quantity: int
) -> None:
    """Put-call parity at expiration, exact at every price."""
    found = payoffs(writer, spot, Leg("C", quantity, 3, strike), Leg("P", -quantity, 2, strike))
    assert len(found) >= 21
    for row in found:
        assert row["options_value"] == quantity * 100 * (row["underlying_price"] - strike)


def second_implementation(analyst: psycopg.Connection[Any]) -> dict[tuple[Any, ...], tuple[float, float]]:
    """Options' value, and P&L with the shares, by underlying, expiration and price."""

    def facts(mart: str) -> Rows:
        text = f"select * from marts.{mart} where portfolio_id = %s and as_of_date = %s"
        return analyst.cursor(row_factory=dict_row).execute(text.encode(), (HEDGE_FUND, LAST)).fetchall()

    held = {row["position_id"]: row for row in facts("fct_position_values") if row["is_open"]}
    groups = defaultdict(list)
    for row in facts("fct_position_greeks"):
        if row["position_id"] in held:
            groups[row["underlying_symbol"], row["expiration_date"]].append(row)
    found = {}
    for (symbol, day), legs in groups.items():
        shares = [row for row in held.values() if row["symbol"] == symbol]
        paid = sum(float(held[leg["position_id"]]["market_value"]) for leg in legs)
        paid += sum(float(row["market_value"]) for row in shares)
        spot = legs[0]["underlying_price"]
        strikes = {float(leg["strike_price"]) for leg in legs}
        for price in strikes | {round(spot * step / 20, 6) for step in range(10, 31)}:
            value = 0.0
            for leg in legs:
                gain = price - float(leg["strike_price"])
                is_call = held[leg["position_id"]]["position_type"].endswith("C")
                value += leg["units"] * max(0.0, gain if is_call else -gain)
            worth = sum(float(row["quantity"]) for row in shares) * price
            found[symbol, day, round(price, 5)] = (value, value + worth - paid)
    return found


def test_the_demo_equals_the_second_implementation(demo: Warehouse) -> None:
    with psycopg.connect(demo.analyst_url, autocommit=True) as analyst:
        rows = analyst.cursor(row_factory=dict_row).execute(CALL, (HEDGE_FUND, LAST)).fetchall()
        expected = second_implementation(analyst)
    found = {
        (row["underlying_symbol"], row["expiration_date"], round(float(row["underlying_price"]), 5)): (
            float(row["options_value"]),
            float(row["pnl"]),
        )
        for row in rows
    }
    assert found.keys() == expected.keys()
    assert len({key[:2] for key in found}) > 3
    for key, values in found.items():
        assert values == pytest.approx(expected[key], abs=0.01), key


def test_it_reads_what_the_caller_may_see(demo: Warehouse) -> None:
    with demo.connect_writer() as connection:
        create_demo_users(connection)
    with psycopg.connect(demo.api_url) as api:
        api.execute("set search_path = marts")
        assert api.execute(CALL, (HEDGE_FUND, LAST)).fetchall() == []
        claim(api, user_of(demo, "demo_hedgefundstyle@sigmasight.com"))
        assert api.execute(CALL, (HEDGE_FUND, LAST)).fetchall()
        assert api.execute(CALL, (INDIVIDUAL, LAST)).fetchall() == []
    with psycopg.connect(demo.analyst_url) as then:
        then.execute("set search_path = marts_at")
        then.execute("select set_config('sigmasight.published_at', '2000-01-01', true)")
        assert then.execute(CALL, (HEDGE_FUND, LAST)).fetchall() == []
