"""Betas of every symbol to the factors of all models (method and sources: python_models.factors.betas)."""

from python_models.factors.betas import factor_betas
from python_models.factors.returns import FactorConfig


def model(dbt, session):
    dbt.config(materialized="mart")
    start = dbt.ref("int_engine_start")
    return factor_betas(
        dbt.ref("int_return_windows"),
        dbt.ref("int_yield_changes"),
        dbt.ref("factors"),
        rules=FactorConfig(**dbt.config.get("factor_rules")),
        from_date=start["market_date"].iloc[0],
    )
