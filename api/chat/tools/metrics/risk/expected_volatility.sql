-- Forecast of annualized volatility over the next 21 sessions, the one selected and those of each model.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.forecast_volatility_21d,
    facts.forecast_model,
    facts.forecast_volatility_21d_garch,
    facts.forecast_volatility_21d_ewma,
    facts.forecast_volatility_21d_har,
    facts.har_r_squared,
    facts.is_forecast_fallback,
    facts.quality_flag,
    facts.coverage_of_equity,
    facts.quality_message
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
