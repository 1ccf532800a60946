"""Contributions of factors to stress P&L (method: python_models.stress.contributions)."""

from python_models.stress.contributions import portfolio_factor_stress


def model(dbt, session):
    dbt.config(materialized="mart")
    return portfolio_factor_stress(
        dbt.ref("int_engine_holdings"), dbt.ref("int_risk_betas"), dbt.ref("int_shocks_in_window")
    )
