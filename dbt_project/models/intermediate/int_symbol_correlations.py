"""Correlations of symbols held together (method and sources: python_models.correlation)."""

from python_models.correlation import symbol_correlations


def model(dbt, session):
    dbt.config(materialized="fact")
    start = dbt.ref("int_engine_start")
    return symbol_correlations(
        dbt.ref("int_engine_returns"),
        dbt.ref("int_held_pairs"),
        window=dbt.config.get("correlation_window"),
        minimum=dbt.config.get("correlation_minimum"),
        from_date=start["as_of_date"].iloc[0],
    )
