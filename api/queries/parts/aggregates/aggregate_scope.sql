-- The user's portfolios, or those named, with their snapshots at the session's close and the totals of these. totals
-- has no row where a named portfolio is not this user's.
with portfolios as (
    select
        portfolio_id,
        portfolio_name,
        account_name
    from dim_portfolios
    where %(portfolio_ids)s::uuid[] is null or portfolio_id = any(%(portfolio_ids)s::uuid[])
),

-- Keys are passed to the views as arrays: only then does the planner look them up in the index.
snapshots as materialized (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = any(array(select portfolio_id from portfolios)) and as_of_date = %(as_of_date)s::date
),

totals as (
    select
        count(*) as portfolio_count,
        coalesce(json_agg(portfolio_id order by portfolio_id), '[]'::json) as portfolio_ids,
        coalesce(sum(equity), 0) as equity,
        coalesce(sum(position_count), 0) as position_count,
        coalesce(sum(private_count), 0) as private_count,
        case when bool_or(has_simulated_prices) then 'simulated' else 'loaded' end as price_source,
        case when bool_or(has_simulated_prices) then %(simulated_notice)s::text end as price_notice
    from snapshots
    having
        %(portfolio_ids)s::uuid[] is null
        or (select count(*) from portfolios)
        = (select count(distinct named.id) from unnest(%(portfolio_ids)s::uuid[]) as named (id))
)

select *
from totals
