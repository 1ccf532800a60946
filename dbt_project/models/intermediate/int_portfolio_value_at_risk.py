"""Value at risk of portfolios (method and sources: python_models.portfolio_risk and value_at_risk)."""

from python_models.portfolio_risk import PastReturns, portfolio_tail_risk
from python_models.risk_factors import FactorRules
from python_models.value_at_risk import RiskRules


def model(dbt, session):
    dbt.config(materialized="fact")
    factor_rules = FactorRules(
        clip=dbt.config.get("beta_clip"),
        full_history_share=dbt.config.get("full_history_share"),
        ridge_alpha=dbt.config.get("ridge_alpha"),
        ewma_lambda=dbt.config.get("ewma_lambda"),
        rate_proxy_symbol=dbt.config.get("rate_proxy_symbol"),
        rate_proxy_duration=dbt.config.get("rate_proxy_duration"),
        collinear_correlation=dbt.config.get("collinear_correlation"),
    )
    past = PastReturns(
        dbt.ref("int_engine_returns"),
        dbt.ref("int_yield_changes"),
        dbt.ref("int_risk_betas"),
        dbt.ref("factors"),
        factor_rules,
    )
    rules = RiskRules(window=dbt.config.get("var_window"), minimum=dbt.config.get("var_minimum"))
    return portfolio_tail_risk(
        dbt.ref("int_engine_holdings"), dbt.ref("int_engine_options"), past, rules=rules
    )
