"""Value at risk of portfolios over a fixed bad window (method: python_models.portfolio.stressed)."""

from python_models.factors.returns import FactorConfig
from python_models.portfolio.days import PastReturns
from python_models.portfolio.stressed import stressed_risk
from python_models.portfolio.value_at_risk import RiskConfig


def model(dbt, session):
    dbt.config(materialized="build_table")
    past = PastReturns(
        dbt.ref("int_stressed_returns"),
        dbt.ref("int_yield_changes"),
        dbt.ref("int_risk_betas"),
        dbt.ref("factors"),
        FactorConfig(**dbt.config.get("factor_rules")),
        dbt.config.get("residual_minimum"),
    )
    window = dbt.ref("int_stressed_window")
    return stressed_risk(
        dbt.ref("int_engine_holdings"),
        dbt.ref("int_engine_options"),
        past,
        window[window["is_covered"]],
        risk_rules=RiskConfig(**dbt.config.get("risk_rules")),
    )
