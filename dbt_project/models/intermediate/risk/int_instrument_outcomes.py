"""Outcome vectors of the instruments held, and of other symbols (method and sources: python_models.portfolio.outcomes)."""

from python_models.factors.returns import FactorConfig
from python_models.portfolio.days import PastReturns
from python_models.portfolio.outcomes import instrument_outcomes
from python_models.portfolio.value_at_risk import RiskConfig
from python_models.portfolio.volatility import VolatilityConfig


def model(dbt, session):
    dbt.config(materialized="mart")
    past = PastReturns(
        dbt.ref("int_return_windows"),
        dbt.ref("int_yield_changes"),
        dbt.ref("int_risk_betas"),
        dbt.ref("factors"),
        FactorConfig(**dbt.config.get("factor_rules")),
        dbt.config.get("residual_minimum"),
    )
    return instrument_outcomes(
        dbt.ref("int_engine_holdings"),
        dbt.ref("int_engine_options"),
        past,
        others=dbt.ref("int_unheld_symbols"),
        volatility_rules=VolatilityConfig(**dbt.config.get("volatility_rules")),
        risk_rules=RiskConfig(**dbt.config.get("risk_rules")),
    )
