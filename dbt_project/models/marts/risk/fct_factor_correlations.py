"""Correlations and covariances between factors (method and sources: python_models.factors.returns)."""

from python_models.factors.returns import FactorConfig, factor_correlations


def model(dbt, session):
    dbt.config(materialized="mart")
    start = dbt.ref("int_engine_start")
    return factor_correlations(
        dbt.ref("int_factor_returns"),
        dbt.ref("int_yield_changes"),
        dbt.ref("factors"),
        rules=FactorConfig(**dbt.config.get("factor_rules")),
        from_date=start["market_date"].iloc[0],
    )
