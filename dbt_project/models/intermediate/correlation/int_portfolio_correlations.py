"""Correlation figures, members and repaired pairs of portfolios (method: python_models.correlation)."""

from python_models.correlation.symbols import CorrelationConfig
from python_models.correlation.packed_pairs import unpack_pairs
from python_models.correlation.portfolios import correlation_parts
from python_models.correlation.torsion import symbol_deviations


def model(dbt, session):
    dbt.config(materialized="build_table")
    rules = CorrelationConfig(**dbt.config.get("correlation_rules"))
    holdings = dbt.ref("int_engine_holdings")
    return correlation_parts(
        holdings,
        unpack_pairs(dbt.ref("int_correlations_in_window")),
        symbol_deviations(dbt.ref("int_engine_returns"), holdings["as_of_date"], window=rules.window),
        rules=rules,
    )
