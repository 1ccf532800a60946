"""Correlations of symbols held together (method and sources: python_models.correlation.symbols)."""

from python_models.correlation.symbols import held_pairs, symbol_correlations
from python_models.correlation.packed_pairs import pack_pairs


def model(dbt, session):
    dbt.config(materialized="mart")
    start = dbt.ref("int_engine_start")
    rules = dbt.config.get("correlation_rules")
    pairs = symbol_correlations(
        dbt.ref("int_engine_returns"),
        held_pairs(dbt.ref("int_engine_holdings")),
        window=rules["window"],
        minimum=rules["minimum"],
        from_date=start["as_of_date"].iloc[0],
    )
    return pack_pairs(pairs)
