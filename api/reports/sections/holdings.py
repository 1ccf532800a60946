"""The open positions: the holdings that people read, and the position file of 34 columns."""

from typing import Final

from api.reports.model import Column, Kind, Section
from api.reports.tables import (
    Facts,
    count,
    day,
    greek,
    make_table,
    money,
    price,
    quantity,
    rate,
    text,
)

QUERY = "report_positions"
NO_OPTION = {"reason": "only options have one"}
GREEKS = {"reason_in": "greeks_null_reason"}
QUOTED = {"reason": "valued at a close or quote of the session"}
WEIGHT = {"reason_in": "weight_null_reason"}
DELTA_ADJUSTED = {"reason_in": "delta_adjusted_null_reason"}

FILE: Final[tuple[Column, ...]] = (
    Column("position_id", "Position", Kind.TEXT),
    text("symbol", "Symbol"),
    quantity("quantity"),
    price("entry_price", "Entry price", reason="a split leaves so little of a share that the quantity is 0"),
    price("current_price", "Price"),
    money("market_value", "Market value"),
    money("cost_basis", "Cost"),
    money("unrealized_pnl", "Unrealized P&L"),
    money("realized_pnl", "Realized P&L"),
    money("daily_pnl", "P&L of the day"),
    money("total_pnl", "Total P&L"),
    greek("delta", "Delta", "shares", **GREEKS),
    greek("gamma", "Gamma", "per USD", **GREEKS),
    greek("theta", "Theta", "USD per calendar day", **GREEKS),
    greek("vega", "Vega", "USD per volatility point", **GREEKS),
    greek("rho", "Rho", "USD per rate point", **GREEKS),
    text("underlying_symbol", "Underlying", **NO_OPTION),
    price("strike_price", "Strike", **NO_OPTION),
    day("expiration_date", "Expiration", **NO_OPTION),
    text("position_type", "Type"),
    count("days_to_expiry", "Days to expiry", "calendar days", **NO_OPTION),
    text("sector", "Sector", reason="no sector is known for the symbol"),
    text("industry", "Industry", reason="no industry is known for the symbol"),
    text("tags", "Tags", reason="the position has no tag"),
    day("entry_date", "Entry"),
    day("exit_date", "Exit", reason="the position is open"),
    text("notes", "Notes", reason="no note was loaded"),
    money("gross_exposure", "Gross exposure"),
    money("net_exposure", "Net exposure"),
    money("notional", "Notional", reason="the underlying has no price"),
    rate("portfolio_weight", "Weight", "fraction of equity", **WEIGHT),
    money("position_exposure", "Delta-adjusted exposure", **DELTA_ADJUSTED),
    text("price_flag", "Price flag", **QUOTED),
    rate("coverage", "Coverage", "1 if its risk is measured, else 0"),
)

SHOWN = (
    "symbol", "position_type", "quantity", "entry_price", "current_price", "market_value", "portfolio_weight",
    "daily_pnl", "unrealized_pnl", "total_pnl", "price_flag",
)  # fmt: skip


def holdings(facts: Facts) -> Section:
    """The open positions."""
    rows = facts.rows[QUERY]
    by_name = {column.name: column for column in FILE}
    listed = make_table(
        QUERY,
        rows,
        name="holdings",
        title="Open positions, the largest first",
        key=("symbol",),
        columns=[by_name[name] for name in SHOWN],
    )
    file = make_table(
        QUERY,
        rows,
        name="positions",
        title="The position file",
        key=("symbol",),
        layout="file",
        note="Gross and net exposure are the position's own. Greeks are of the whole position.",
        columns=FILE,
    )
    reason = None if rows else "the portfolio has no open positions on the session"
    return Section("holdings", "Holdings", (listed, file) if rows else (), reason=reason)
