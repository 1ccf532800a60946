"""Past moves of the factors of the risk model (method and sources: python_models.portfolio.outcomes)."""

from python_models.factors.returns import FactorConfig
from python_models.portfolio.outcomes import factor_outcomes
from python_models.portfolio.value_at_risk import RiskConfig
from python_models.portfolio.volatility import VolatilityConfig


def model(dbt, session):
    dbt.config(materialized="mart")
    return factor_outcomes(
        dbt.ref("int_engine_holdings"),
        dbt.ref("int_engine_returns"),
        dbt.ref("int_yield_changes"),
        dbt.ref("factors"),
        rules=FactorConfig(**dbt.config.get("factor_rules")),
        volatility_rules=VolatilityConfig(**dbt.config.get("volatility_rules")),
        risk_rules=RiskConfig(**dbt.config.get("risk_rules")),
    )
