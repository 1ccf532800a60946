"""Betas of every symbol: the market model (method: OLS with intercept on the market's daily returns)."""

from python_models.factors import RegressionRules, market_model


def model(dbt, session):
    dbt.config(materialized="fact")
    factors = dbt.ref("factors")
    market = factors[factors["model"] == "market"].iloc[0]
    rules = RegressionRules(
        window=int(market["window_days"]),
        minimum=int(market["min_observations"]),
        clip=dbt.config.get("beta_clip"),
        full_history_share=dbt.config.get("full_history_share"),
    )
    return market_model(
        dbt.ref("int_market_model_returns"),
        market_symbol=market["proxy_symbol"],
        rules=rules,
        from_date=dbt.config.get("from_date"),
    )
