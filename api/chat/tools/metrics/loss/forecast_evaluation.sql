-- The last forecasts and what happened, with bias and loss over the last year.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.forecast,
    facts.model,
    facts.forecast_value,
    facts.realized_value,
    facts.bias_statistic,
    facts.qlike,
    facts.observations
from fct_forecast_evaluation as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.forecast, facts.model
