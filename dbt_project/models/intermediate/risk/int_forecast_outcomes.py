"""Outcomes of volatility forecasts (method: python_models.portfolio.forecast_outcomes)."""

from python_models.portfolio.forecast_outcomes import forecast_outcomes
from python_models.portfolio.volatility import VolatilityConfig


def model(dbt, session):
    dbt.config(materialized="mart")
    rules = VolatilityConfig(**dbt.config.get("volatility_rules"))
    return forecast_outcomes(
        dbt.ref("int_forecast_weights"), dbt.ref("int_return_windows"), horizon=rules.har_horizon
    )
