"""Correlations as used where a portfolio's matrix had to be repaired (method: python_models.correlation)."""

from python_models.correlation import CorrelationRules
from python_models.portfolio_correlation import portfolio_correlations


def model(dbt, session):
    dbt.config(materialized="fact")
    rules = CorrelationRules(
        window=dbt.config.get("correlation_window"),
        minimum=dbt.config.get("correlation_minimum"),
        cluster_threshold=dbt.config.get("cluster_correlation"),
        full_history_share=dbt.config.get("full_history_share"),
    )
    found = portfolio_correlations(
        dbt.ref("int_repaired_holdings"), dbt.ref("int_built_correlations"), rules=rules
    )
    return found.repaired_pairs
