"""A portfolio before and after the trades of a file, by udf.what_if; nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from rich import box
from rich.table import Table

from flows.console import console
from flows.errors import TradeRefusedError
from flows.pipeline.lock import process_name
from flows.summaries.portfolios import share
from ingestion.statements.load import read_positions_file
from ingestion.statements.rows import Lot
from warehouse.connections import Warehouse

Row = dict[str, Any]
WORST = 5  # scenarios in the table

IS_BUILT = "select to_regclass('fct_portfolio_snapshots') is not null as is_built"
SESSION = """
select max(as_of_date) as as_of_date
from fct_portfolio_snapshots
where portfolio_id = %(portfolio_id)s and as_of_date <= coalesce(%(as_of)s::date, date 'infinity')
"""
TRADES = """
select * from udf.what_if_trades(%(portfolio_id)s, %(day)s, %(trades)s, %(cash)s) order by place
"""
FIGURES = """
select * from udf.what_if(%(portfolio_id)s, %(day)s, %(trades)s, %(cash)s)
order by section, model, part, figure
"""
OLD_PRICES = """
select
    symbol,
    max(price_date) as price_date
from fct_position_values
where
    portfolio_id = %(portfolio_id)s and as_of_date = %(day)s and is_open
    and symbol = any(%(symbols)s) and price_date < as_of_date
group by symbol
"""
SCENARIOS = "select distinct scenario_id, scenario_name from dim_scenarios"

NAMES = {
    "exposures": (
        "equity", "cash", "long_exposure", "short_exposure", "gross_exposure", "net_exposure",
        "gross_exposure_delta_adjusted", "net_exposure_delta_adjusted", "leverage", "net_to_equity",
        "position_count",
    ),
    "variance": (
        "total_volatility", "systematic_volatility", "idiosyncratic_volatility", "systematic_share",
    ),
    "var": (
        "var_95_1d", "es_95_1d", "var_99_1d", "es_99_1d",
        "var_95_1d_filtered", "es_95_1d_filtered", "var_99_1d_filtered", "es_99_1d_filtered",
    ),
    "concentration": ("hhi", "effective_names", "top_1_share", "top_5_share", "top_10_share"),
    "greeks": ("delta_dollars", "gamma_dollars_1pct", "theta", "vega", "rho"),
    "liquidity": (
        "share_1d", "share_7d", "share_30d", "days_to_liquidate_95", "cost", "liquidity_adjusted_var",
    ),
}  # fmt: skip
"""Figures of the table, by section, in order; JSON has all."""

FORMS = {
    "USD": "z,.0f",
    "ratio": "z.4f",
    "greek": "z,.2f",
    "positions": "z.0f",
    "symbols": "z.1f",
    "sessions": "z.2f",
}
"""z: what rounds to 0 has no minus."""


@dataclass(frozen=True)
class Asked:
    """What is asked: the trades of a file, for a portfolio at a close (None: the last published one)."""

    name: str
    portfolio_id: UUID
    file: Path
    as_of: date | None
    cash: str


@dataclass(frozen=True)
class WhatIf:
    """The answer: rows of udf.what_if_trades and udf.what_if, and the names of scenarios by id.

    old_prices: the days of prices that are older than the trades, by symbol.
    """

    asked: Asked
    day: date
    trades: Sequence[Row]
    figures: Sequence[Row]
    scenarios: dict[str, str]
    old_prices: dict[str, date]

    def as_document(self) -> dict[str, Any]:
        """The answer as JSON prints it, with all figures."""
        return {
            "portfolio": self.asked.name,
            "portfolio_id": self.asked.portfolio_id,
            "as_of_date": self.day,
            "cash": self.asked.cash,
            "trades": [
                {
                    **{
                        name: value for name, value in trade.items() if name not in {"null_reason", "message"}
                    },
                    "price_date": self.old_prices.get(trade["symbol"], self.day),
                }
                for trade in self.trades
            ],
            "figures": list(self.figures),
        }


def read_what_if(warehouse: Warehouse, asked: Asked) -> WhatIf:
    """Compute the what-if. Raises InvalidPositionsFile or TradeRefusedError."""
    lots = read_positions_file(asked.file, has_entries=False).lots
    _check(lots, warehouse.settings.what_if_trades, asked.file)
    trades = [{"symbol": lot.symbol, "quantity": str(lot.quantity)} for lot in lots]
    with psycopg.connect(
        warehouse.analyst_url,
        row_factory=dict_row,
        application_name=process_name("what-if"),
        options="-c search_path=marts -c default_transaction_read_only=on",
    ) as connection:

        def rows(statement: str, **parameters: Any) -> list[Row]:
            return connection.execute(statement.encode(), parameters).fetchall()

        if not rows(IS_BUILT)[0]["is_built"]:
            raise TradeRefusedError("The warehouse holds no published numbers yet; run `sigmasight nightly`.")
        day = rows(SESSION, portfolio_id=asked.portfolio_id, as_of=asked.as_of)[0]["as_of_date"]
        if day is None:
            until = "" if asked.as_of is None else f" on or before {asked.as_of}"
            raise TradeRefusedError(
                f"{asked.name} has no published session{until}; run `sigmasight nightly`, "
                "or choose a later date."
            )
        given = {"portfolio_id": asked.portfolio_id, "day": day, "trades": Jsonb(trades), "cash": asked.cash}
        made = rows(TRADES, **given)
        refused = [trade["message"] for trade in made if trade["null_reason"]]
        if refused:
            raise TradeRefusedError("\n".join([f"{asked.file} has trades that cannot be made:", *refused]))
        names = {row["scenario_id"]: row["scenario_name"] for row in rows(SCENARIOS)}
        symbols = [trade["symbol"] for trade in made]
        old = rows(OLD_PRICES, portfolio_id=asked.portfolio_id, day=day, symbols=symbols)
        old_prices = {row["symbol"]: row["price_date"] for row in old}
        return WhatIf(asked, day, made, rows(FIGURES, **given), names, old_prices)


def _check(lots: Sequence[Lot], most: int, file: Path) -> None:
    if len(lots) > most:
        raise TradeRefusedError(
            f"{file} has {len(lots)} trades, more than the {most} that WHAT_IF_TRADES allows; split it."
        )
    for lot in lots:
        if lot.exit_date is not None:
            raise TradeRefusedError(
                f"{file}, row {lot.line}: {lot.symbol} has an exit date; write what is sold as a "
                "negative quantity."
            )


def print_what_if(found: WhatIf) -> None:
    """Print the trades, and the main figures before, after and their change."""
    out = console()
    out.print(
        f"{found.asked.name}, trades at the close of {found.day}, cash {found.asked.cash}", markup=False
    )
    for trade in found.trades:
        out.print(f"  {_trade(trade, found.old_prices.get(trade['symbol']))}", markup=False)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("USD unless stated", no_wrap=True)
    for name in ("before", "after", "change", "measured"):
        table.add_column(name, justify="right", no_wrap=True)
    for section, rows in _sections(found):
        table.add_section()
        table.add_row(section, style="bold")
        for label, row in rows:
            table.add_row(f" {label}", *_cells(row))
    out.print(table)


def _trade(trade: Row, price_date: date | None) -> str:
    done = "buy" if trade["quantity"] > 0 else "sell"
    quantity = _plain(abs(trade["quantity"]))
    of_day = f" (the price of {price_date}, the last one)" if price_date else ""
    return (
        f"{done} {quantity} {trade['symbol']} at {_plain(trade['price'])}{of_day}: "
        f"{trade['market_value']:,.2f} USD"
    )


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _sections(found: WhatIf) -> Iterator[tuple[str, list[tuple[str, Row]]]]:
    by_key = {(row["section"], row["model"], row["part"], row["figure"]): row for row in found.figures}
    for section in (
        "exposures",
        "betas",
        "variance",
        "var",
        "stress",
        "concentration",
        "greeks",
        "liquidity",
    ):
        if section == "betas":
            betas = [row for row in found.figures if row["section"] == "betas" and row["figure"] == "beta"]
            yield (
                section,
                [(f"{row['part']} ({row['model']})", row) for row in betas if row["model"] in SHOWN_MODELS],
            )
        elif section == "stress":
            worst = sorted(
                (
                    row
                    for row in found.figures
                    if row["figure"] == "direct_pnl" and row["value_after"] is not None
                ),
                key=lambda row: row["value_after"],
            )
            yield (
                f"stress, the {WORST} worst after the trades",
                [(found.scenarios[row["part"]][:44], row) for row in worst[:WORST]],
            )
        else:
            yield (
                section,
                [(name.replace("_", " "), by_key[section, None, None, name]) for name in NAMES[section]],
            )


SHOWN_MODELS = {"market", "risk"}


def _cells(row: Row) -> tuple[str, str, str, str]:
    """Before, after, the change, and the share that is measured on the side of which less is."""
    form = FORMS[row["unit"]]
    before, after, change = (
        "-" if row[name] is None else format(float(row[name]), form)
        for name in ("value_before", "value_after", "value_change")
    )
    sign = "+" if row["value_change"] is not None and row["value_change"] > 0 else ""
    known = [row[name] for name in ("coverage_before", "coverage_after") if row[name] is not None]
    return before, after, f"{sign}{change}", share(min(known, default=None))
