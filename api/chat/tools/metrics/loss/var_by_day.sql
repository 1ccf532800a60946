-- One-day value at risk at the close of each of the last 63 sessions.
with ranked as (
    select
        portfolios.portfolio_name,
        facts.as_of_date,
        facts.var_95_1d,
        facts.var_99_1d,
        facts.es_95_1d,
        facts.es_99_1d,
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
    var_95_1d,
    var_99_1d,
    es_95_1d,
    es_99_1d
from ranked
where recency <= 63
order by portfolio_name, as_of_date
