"""Correlation figures, members and repaired pairs of portfolios (method: python_models.correlation)."""

from python_models.correlation.symbols import CorrelationConfig
from python_models.correlation.packed_pairs import unpack_pairs
from python_models.correlation.portfolios import correlation_parts


def model(dbt, session):
    dbt.config(materialized="build_table")
    return correlation_parts(
        dbt.ref("int_engine_holdings"),
        unpack_pairs(dbt.ref("int_correlations_in_window")),
        rules=CorrelationConfig(**dbt.config.get("correlation_rules")),
    )
