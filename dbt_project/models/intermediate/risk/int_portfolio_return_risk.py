"""Volatility and value at risk of portfolios from one set of returns (method: python_models.portfolio.risk)."""

from python_models.factors.returns import FactorConfig
from python_models.portfolio.days import PastReturns
from python_models.portfolio.risk import portfolio_return_risk
from python_models.portfolio.value_at_risk import RiskConfig
from python_models.portfolio.volatility import VolatilityConfig


def model(dbt, session):
    dbt.config(materialized="build_table")
    past = PastReturns(
        dbt.ref("int_engine_returns"),
        dbt.ref("int_yield_changes"),
        dbt.ref("int_risk_betas"),
        dbt.ref("factors"),
        FactorConfig(**dbt.config.get("factor_rules")),
        dbt.config.get("residual_minimum"),
    )
    return portfolio_return_risk(
        dbt.ref("int_engine_holdings"),
        dbt.ref("int_engine_options"),
        past,
        volatility_rules=VolatilityConfig(**dbt.config.get("volatility_rules")),
        risk_rules=RiskConfig(**dbt.config.get("risk_rules")),
    )
