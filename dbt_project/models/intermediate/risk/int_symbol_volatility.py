"""Volatility of every symbol (method and sources: python_models.portfolio.volatility)."""

from functools import partial

from python_models.portfolio.volatility import VolatilityConfig, symbol_volatility
from python_models.runtime.workers import spread


def model(dbt, session):
    dbt.config(materialized="build_table")
    start = dbt.ref("int_engine_start")
    kernel = partial(
        symbol_volatility,
        rules=VolatilityConfig(**dbt.config.get("volatility_rules")),
        from_date=start["market_date"].iloc[0],
    )
    return spread(kernel, dbt.ref("int_return_windows"), by_symbol=True)
