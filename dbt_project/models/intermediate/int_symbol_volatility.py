"""Volatility of every symbol (method and sources: python_models.volatility)."""

from python_models.volatility import VolatilityRules, symbol_volatility


def model(dbt, session):
    dbt.config(materialized="fact")
    start = dbt.ref("int_engine_start")
    rules = VolatilityRules(
        short_window=dbt.config.get("volatility_short_window"),
        long_window=dbt.config.get("volatility_long_window"),
        minimum_share=dbt.config.get("volatility_minimum_share"),
        trend_lag=dbt.config.get("volatility_trend_lag"),
        trend_threshold=dbt.config.get("volatility_trend_threshold"),
        percentile_window=dbt.config.get("volatility_percentile_window"),
        minimum_rows=dbt.config.get("har_minimum_rows"),
    )
    return symbol_volatility(
        dbt.ref("int_return_windows"), rules=rules, from_date=start["as_of_date"].iloc[0]
    )
