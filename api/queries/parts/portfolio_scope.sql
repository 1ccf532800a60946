-- The portfolio, if it is this user's, and its snapshot at the session's close, if it had begun by then.
with portfolio as (
    select *
    from dim_portfolios
    where portfolio_id = %(portfolio_id)s::uuid
),

snapshot as (
    select
        *,
        case when has_simulated_prices then 'simulated' else 'loaded' end as price_source,
        case when has_simulated_prices then %(simulated_notice)s::text end as price_notice
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
)

select *
from portfolio
left join snapshot on true
