"""What-ifs on the demo: without trades the published figures, identities, sizes, and what is refused."""

import json
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest

from tests.dbt.what_if.what_if_figures import (
    HEDGE_FUND,
    INDIVIDUAL,
    LAST,
    PRIVATE,
    SESSIONS,
    Reader,
    Trades,
    assert_published,
    assert_spy_has_its_quantile,
)
from tests.method_config import RISK_CONFIG
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def read(demo: Warehouse) -> Iterator[Reader]:
    with psycopg.connect(demo.analyst_url, autocommit=True) as connection:
        yield Reader(connection)


@pytest.mark.parametrize("day", SESSIONS)
def test_without_trades_both_sides_are_published(read: Reader, day: str) -> None:
    portfolios = read("select portfolio_id from dim_portfolios")
    assert sum(assert_published(read, row["portfolio_id"], day) for row in portfolios) >= 900


def test_a_portfolio_that_has_not_begun_has_no_figures(read: Reader) -> None:
    assert read.figures(INDIVIDUAL, [], day="2020-01-02") == {}
    assert read.figures("00000000-0000-0000-0000-000000000000", []) == {}


def test_adding_and_removing_is_nothing(read: Reader) -> None:
    trades = [
        {"symbol": symbol, "quantity": sign * 37} for sign in (1, -1) for symbol in ("AAPL", "TLT", "META")
    ]
    for row in read.figures(HEDGE_FUND, trades).values():
        assert row["value_change"] in {0, None}


def test_linear_figures_add_up(read: Reader) -> None:
    one, other = {"symbol": "TLT", "quantity": 300}, {"symbol": "AAPL", "quantity": -150}
    single = [read.figures(HEDGE_FUND, [trade]) for trade in (one, other)]
    both = read.figures(HEDGE_FUND, [one, other])
    linear = {"dollar_exposure", "beta", "direct_pnl", "correlated_pnl", "net_exposure", "cash", "delta"}
    checked = 0
    for key, row in both.items():
        if key[3] in linear:
            parts = [figures[key]["value_change"] for figures in single]
            assert row["value_change"] == pytest.approx(sum(parts), abs=1e-6 * max(map(abs, parts)) + 1e-9), (
                key
            )
            checked += 1
    assert checked >= 50


def test_value_at_risk_after_a_purchase_equals_numpy(read: Reader) -> None:
    """TLT, which nobody holds."""
    assert not read(
        "select from fct_instrument_outcomes where instrument_id = 'TLT' and as_of_date = %s", LAST
    )
    quantity = 200
    row = read("select close from fct_prices where symbol = 'TLT' and as_of_date = %s", LAST)[0]
    held = read(
        "select units, outcomes::real[] from fct_instrument_outcomes"
        " where portfolio_id = %s and as_of_date = %s",
        INDIVIDUAL,
        LAST,
    )
    bought = read(
        "select outcomes::real[] from fct_symbol_outcomes where symbol = 'TLT' and as_of_date = %s", LAST
    )
    pnl = sum(one["units"] * np.array(one["outcomes"], dtype=np.float64) for one in held)
    pnl = (pnl + quantity * float(row["close"]) * np.array(bought[0]["outcomes"]))[-RISK_CONFIG.window :]
    after = read.figures(INDIVIDUAL, [{"symbol": "TLT", "quantity": quantity}])
    for label, confidence in ((95, 0.95), (99, 0.99)):
        quantile = np.quantile(pnl, round(1 - confidence, 9))
        found = after["var", None, None, f"var_{label}_1d"]["value_after"]
        assert found == pytest.approx(-quantile, rel=1e-6)
        shortfall = after["var", None, None, f"es_{label}_1d"]["value_after"]
        assert shortfall == pytest.approx(-pnl[pnl <= quantile].mean(), rel=1e-6)


def test_a_portfolio_of_spy_has_its_own_quantile(read: Reader) -> None:
    assert_spy_has_its_quantile(read, INDIVIDUAL, LAST)


@pytest.mark.parametrize("cash", ["absorb", "fixed"])
def test_weights_are_of_the_equity_after_the_trades(read: Reader, cash: str) -> None:
    trades = [
        {"symbol": "TLT", "target_weight": 0.25},
        {"symbol": "AAPL", "target_weight": -0.05},
        {"symbol": "SPY", "quantity": -20},
        {"symbol": "NVDA", "close": True},
    ]
    after = read.figures(INDIVIDUAL, trades, cash=cash)
    equity, money = (after["exposures", None, None, name] for name in ("equity", "cash"))
    positions = read(
        "select symbol, sum(quantity) as quantity, sum(market_value)::float8 as market_value"
        " from udf.what_if_positions(%s, %s, %s, %s) where side = 'after' group by symbol",
        INDIVIDUAL,
        LAST,
        json.dumps(trades),
        cash,
    )
    values = {row["symbol"]: row["market_value"] for row in positions}
    assert values["TLT"] == pytest.approx(0.25 * equity["value_after"], abs=0.01)
    assert values["AAPL"] == pytest.approx(-0.05 * equity["value_after"], abs=0.01)
    assert "NVDA" not in values
    fixed = money if cash == "fixed" else equity
    assert fixed["value_change"] == 0
    assert equity["value_after"] - money["value_after"] == pytest.approx(sum(values.values()), abs=0.005)


def test_a_sale_reduces_the_oldest_lots_and_then_is_short(read: Reader) -> None:
    held = read.trades(INDIVIDUAL, [{"symbol": "AAPL", "close": True}])["AAPL"]["quantity_before"]
    text = (
        "select * from udf.what_if_positions(%s, %s, %s, 'absorb') where side = 'after' and symbol = 'AAPL'"
    )
    for sold, left in ((held - 1, 1), (held, 0), (held + 5, -5)):
        rows = read(text, INDIVIDUAL, LAST, json.dumps([{"symbol": "aapl", "quantity": str(-sold)}]))
        assert sum(row["quantity"] for row in rows) == left
        assert [row["is_bought"] for row in rows] == ([] if left == 0 else [left < 0])


def test_a_held_contract_can_be_bought_and_closed(read: Reader) -> None:
    option = read(
        "select symbol, sum(units) / 100 as quantity from fct_position_greeks where portfolio_id = %s"
        " and as_of_date = %s group by symbol order by sum(abs(position_gamma)) desc nulls last limit 1",
        HEDGE_FUND,
        LAST,
    )[0]
    doubled = read.figures(HEDGE_FUND, [{"symbol": option["symbol"], "quantity": str(option["quantity"])}])
    closed = read.figures(HEDGE_FUND, [{"symbol": option["symbol"], "close": True}])
    for name in ("gamma", "vega", "theta", "delta_dollars"):
        change = doubled["greeks", None, None, name]["value_change"]
        assert change == pytest.approx(-closed["greeks", None, None, name]["value_change"], rel=1e-9)
        assert change != 0


REFUSED = [
    ([{"symbol": "NOSUCH", "quantity": 1}], "absorb", "unknown_symbol"),
    ([{"symbol": "TLT", "close": True}], "absorb", "not_held"),
    ([{"symbol": "VIX", "quantity": 1}], "absorb", "not_tradable"),
    ([{"symbol": "SPY301220C00500000", "quantity": 1}], "absorb", "contract_not_held"),
    ([{"symbol": "AAPL", "close": True}, {"symbol": "AAPL", "quantity": 1}], "absorb", "sized_twice"),
    ([{"symbol": "AAPL", "qty": 1}], "absorb", "not_sized"),
    ([{"symbol": "TLT", "target_weight": 1.0}], "fixed", "weights_reach_one"),
]


@pytest.mark.parametrize("trades", [[], [{"symbol": "AAPL", "quantity": 1}]])
def test_cash_that_is_not_known_is_refused(read: Reader, trades: Trades) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"^cash is absorb or fixed, not borrow\n"):
        read.trades(INDIVIDUAL, trades, cash="borrow")


@pytest.mark.parametrize(("trades", "cash", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_a_trade_that_cannot_be_made_says_why(read: Reader, trades: Trades, cash: str, reason: str) -> None:
    row = read.trades(INDIVIDUAL, trades, cash=cash)[trades[0]["symbol"]]
    assert row["null_reason"] == reason
    assert row["message"].startswith(f"Trade 1 ({trades[0]['symbol']}): ")
    assert (row["quantity"], row["market_value"]) == (None, None)


def test_a_symbol_without_a_close_says_so(demo: Warehouse) -> None:
    known = (
        "insert into published.dim_symbols (publication_id, symbol, name, is_removed) "
        "select max(publication_id), 'UNPRICED', 'Known, without a price', false from ops.publications"
    )
    with psycopg.connect(demo.admin_url) as connection:
        connection.execute("set search_path = marts, udf")
        connection.execute(known.encode())
        row = Reader(connection).trades(INDIVIDUAL, [{"symbol": "UNPRICED", "quantity": 1}])["UNPRICED"]
        connection.rollback()
    assert row["null_reason"] == "no_price"
    assert row["message"].endswith(f"it has no price on {LAST}; choose another as_of_date.")


def test_a_private_holding_is_not_traded(read: Reader) -> None:
    symbol = read(
        "select symbol from fct_position_values where portfolio_id = %s and as_of_date = %s limit 1",
        PRIVATE,
        LAST,
    )[0]["symbol"]
    assert read.trades(PRIVATE, [{"symbol": symbol, "quantity": 1}])[symbol]["null_reason"] == "private"


def test_a_portfolio_without_public_positions_gets_figures_by_buying_one(read: Reader) -> None:
    figures = read.figures(PRIVATE, [{"symbol": "SPY", "target_weight": 0.1}])
    tail = figures["var", None, None, "var_95_1d"]
    assert (tail["value_before"], tail["null_reason_before"]) == (None, "no_public_positions")
    assert tail["value_after"] > 0
    assert figures["betas", "market", "Market", "beta"]["value_after"] == pytest.approx(0.1, abs=1e-6)
