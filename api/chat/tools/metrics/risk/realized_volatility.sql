-- Annualized volatility of the present holdings over the past 21 and 63 sessions.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.realized_volatility_21d,
    facts.realized_volatility_63d,
    facts.volatility_trend,
    facts.volatility_percentile,
    facts.proxied_share,
    facts.quality_flag,
    facts.coverage_of_equity,
    facts.quality_message
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
