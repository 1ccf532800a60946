"""Correlations and covariances between factors (method and sources: python_models.risk_factors)."""

from python_models.risk_factors import FactorRules, factor_correlations


def model(dbt, session):
    dbt.config(materialized="fact")
    start = dbt.ref("int_engine_start")
    rules = FactorRules(
        clip=dbt.config.get("beta_clip"),
        full_history_share=dbt.config.get("full_history_share"),
        ridge_alpha=dbt.config.get("ridge_alpha"),
        ewma_lambda=dbt.config.get("ewma_lambda"),
        rate_proxy_symbol=dbt.config.get("rate_proxy_symbol"),
        rate_proxy_duration=dbt.config.get("rate_proxy_duration"),
        collinear_correlation=dbt.config.get("collinear_correlation"),
    )
    return factor_correlations(
        dbt.ref("int_return_windows"),
        dbt.ref("int_yield_changes"),
        dbt.ref("factors"),
        rules=rules,
        from_date=start["as_of_date"].iloc[0],
    )
