-- Volatilities at the close of each of the last 63 sessions.
with ranked as (
    select
        portfolios.portfolio_name,
        facts.as_of_date,
        facts.realized_volatility_21d,
        facts.realized_volatility_63d,
        facts.forecast_volatility_21d,
        facts.total_volatility,
        row_number() over (partition by facts.portfolio_id order by facts.as_of_date desc) as recency
    from fct_portfolio_risk as facts
    inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date <= %(as_of_date)s::date
)

select
    portfolio_name,
    as_of_date,
    realized_volatility_21d,
    realized_volatility_63d,
    forecast_volatility_21d,
    total_volatility
from ranked
where recency <= 63
order by portfolio_name, as_of_date
