"""Correlations of symbols held together (method and sources: python_models.correlation)."""

from python_models.correlation import held_pairs, symbol_correlations


def model(dbt, session):
    dbt.config(materialized="fact")
    start = dbt.ref("int_engine_start")
    holdings = dbt.ref("int_engine_holdings")
    return symbol_correlations(
        dbt.ref("int_engine_returns"),
        held_pairs(holdings),
        window=dbt.config.get("correlation_window"),
        minimum=dbt.config.get("correlation_minimum"),
        from_date=start["as_of_date"].iloc[0],
    )
