"""The demo: its portfolios have exactly the expected totals."""

from decimal import Decimal

import pandas as pd
import pytest
from pwdlib import PasswordHash

from ingestion.demo.demo import (
    DEMO_PASSWORD,
    STATEMENT_DATE,
    DemoPortfolio,
    create_demo_users,
    demo_portfolios,
    load_demo_portfolios,
)
from ingestion.demo.simulated import LAST_DATE, simulated_markets
from ingestion.market.symbols import factor_etfs, symbols_to_price
from ingestion.raw.loads import Connection
from ingestion.statements.load import read_positions_file
from ingestion.statements.money.values import entry_value
from warehouse.method import sector_proxies


def total(values: list[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


@pytest.mark.parametrize("portfolio", demo_portfolios(), ids=lambda portfolio: portfolio.path.stem)
def test_positions_at_cost_add_up_to_the_totals_in_portfolios_csv(portfolio: DemoPortfolio) -> None:
    values = [entry_value(lot) for lot in read_positions_file(portfolio.path).lots]
    assert total([value for value in values if value > 0]) == portfolio.long_exposure_at_cost
    assert total([-value for value in values if value < 0]) == portfolio.short_exposure_at_cost


def test_the_hedge_fund_has_its_known_gross_and_net() -> None:
    portfolio = next(p for p in demo_portfolios() if "Hedge" in p.portfolio_name)
    values = [entry_value(lot) for lot in read_positions_file(portfolio.path).lots]
    assert total([abs(value) for value in values]) == Decimal("4799488.27")
    assert total(values) == Decimal("1599688.91")


def test_portfolios_that_begin_later_are_left_out(connection: Connection) -> None:
    load_demo_portfolios(connection, until=STATEMENT_DATE)
    names = {name for (name,) in connection.execute("select portfolio_name from raw.portfolios")}
    assert len(names) == 5
    assert "Demo Options Investor Portfolio" not in names
    assert len(create_demo_users(connection, until=STATEMENT_DATE)) == 4


def test_the_options_of_the_sixth_portfolio_are_alive_at_the_end_of_the_simulation() -> None:
    """Calls and puts, long and short, of two underlyings, in, at and out of the money."""
    (path,) = [p.path for p in demo_portfolios() if p.statement_date > STATEMENT_DATE]
    lots = [lot for lot in read_positions_file(path).lots if lot.contract is not None]
    contracts = [lot.contract for lot in lots if lot.contract is not None]
    assert all(contract.expiration_date > LAST_DATE for contract in contracts)
    sides = {(contract.option_type, lot.quantity > 0) for contract, lot in zip(contracts, lots, strict=True)}
    assert len(sides) == 4
    quotes = simulated_markets().quotes
    last = quotes[quotes["price_date"] == pd.Timestamp(LAST_DATE)].set_index("symbol")["close"]
    for underlying in ("AAPL", "SPY"):
        money = [
            (last[underlying] / float(contract.strike_price) - 1)
            * (1 if contract.option_type == "CALL" else -1)
            for contract in contracts
            if contract.underlying_symbol == underlying
        ]
        assert min(money) < -0.05
        assert max(money) > 0.05
        assert min(map(abs, money)) < 0.01


def test_the_database_gives_the_same_totals(connection: Connection) -> None:
    load_demo_portfolios(connection)
    rows = connection.execute(
        """
        with valued as (
            select
                portfolio_id,
                round(
                    quantity * entry_price * case when investment_class = 'OPTIONS' then 100 else 1 end, 2
                ) as cost
            from raw.positions
        )
        select portfolio_name, initial_equity,
            coalesce(sum(cost) filter (where cost > 0), 0),
            coalesce(-sum(cost) filter (where cost < 0), 0)
        from valued join raw.portfolios using (portfolio_id)
        group by portfolio_name, initial_equity
        """
    ).fetchall()
    assert sorted(rows) == sorted(
        (p.portfolio_name, p.equity_balance, p.long_exposure_at_cost, p.short_exposure_at_cost)
        for p in demo_portfolios()
    )


def test_loading_the_demo_twice_writes_nothing(connection: Connection) -> None:
    first = load_demo_portfolios(connection)
    assert sum(report.rows_new for report in first if report.dataset == "positions") == 108
    assert all(report.rows_new for report in first)
    assert not any(report.rows_new for report in load_demo_portfolios(connection))


def test_every_symbol_that_needs_a_price_is_listed(connection: Connection) -> None:
    assert symbols_to_price(connection) == sorted(factor_etfs() | sector_proxies())
    load_demo_portfolios(connection)
    symbols = symbols_to_price(connection)
    assert len(symbols) == 66
    assert {"VIX", "SPY", "BRK-B", "FCNTX"} <= set(symbols)
    assert not any("_" in symbol for symbol in symbols), "private holdings have no market price"


def test_the_owners_can_log_in(connection: Connection) -> None:
    emails = create_demo_users(connection)
    assert create_demo_users(connection) == emails
    rows = connection.execute("select email, password_hash from ops.users").fetchall()
    assert sorted(row[0] for row in rows) == sorted(emails)
    assert len(emails) == 5
    assert PasswordHash.recommended().verify(DEMO_PASSWORD, rows[0][1])


def test_the_proxies_of_a_factor_added_to_the_seed_are_priced(connection: Connection) -> None:
    connection.execute(
        """create table staging.factors (proxy_symbol, long_symbol, short_symbol) as
        values ('EEM', null, null), (null, 'HYG', 'IEF'), ('DGS10', null, null)"""
    )
    assert set(symbols_to_price(connection)) - factor_etfs() - sector_proxies() == {"EEM", "HYG", "IEF"}
