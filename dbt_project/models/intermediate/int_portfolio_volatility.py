"""Volatility of portfolios (method and sources: python_models.portfolio_risk and volatility)."""

from python_models.portfolio_risk import PastReturns, portfolio_volatility
from python_models.risk_factors import FactorRules
from python_models.volatility import VolatilityRules


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
    rules = VolatilityRules(
        short_window=dbt.config.get("volatility_short_window"),
        long_window=dbt.config.get("volatility_long_window"),
        minimum_share=dbt.config.get("volatility_minimum_share"),
        trend_lag=dbt.config.get("volatility_trend_lag"),
        trend_threshold=dbt.config.get("volatility_trend_threshold"),
        percentile_window=dbt.config.get("volatility_percentile_window"),
        minimum_rows=dbt.config.get("har_minimum_rows"),
    )
    return portfolio_volatility(dbt.ref("int_engine_holdings"), past, rules=rules)
