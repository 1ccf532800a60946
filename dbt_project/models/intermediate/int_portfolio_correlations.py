"""What correlations say of portfolios, their members and repaired pairs (method: python_models.correlation)."""

from python_models.correlation import CorrelationRules
from python_models.packed_pairs import unpack_pairs
from python_models.portfolio_correlation import correlation_parts


def model(dbt, session):
    dbt.config(materialized="build_table")
    return correlation_parts(
        dbt.ref("int_engine_holdings"),
        unpack_pairs(dbt.ref("int_built_correlations")),
        rules=CorrelationRules(**dbt.config.get("correlation_rules")),
    )
