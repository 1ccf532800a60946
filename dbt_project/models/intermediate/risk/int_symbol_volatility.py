"""Volatility of every symbol (method and sources: python_models.portfolio.volatility)."""

from python_models.portfolio.volatility import VolatilityConfig, symbol_volatility


def model(dbt, session):
    dbt.config(materialized="build_table")
    start = dbt.ref("int_engine_start")
    return symbol_volatility(
        dbt.ref("int_return_windows"),
        rules=VolatilityConfig(**dbt.config.get("volatility_rules")),
        from_date=start["market_date"].iloc[0],
    )
