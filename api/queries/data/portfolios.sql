-- GET /data/portfolios: the user's portfolios as of a session, oldest first. One row, a bare JSON array.
-- A portfolio that begins later than the session is not in the list; a withheld one is as of its last session.
with portfolios as (
    select
        dim_portfolios.portfolio_id as id,
        dim_portfolios.portfolio_name as name,
        dim_portfolios.account_name,
        dim_portfolios.account_type,
        true as is_active,
        round(snapshots.equity, 2) as net_asset_value,
        round(snapshots.equity, 2) as total_value,
        round(snapshots.equity, 2) as equity_balance,
        round(snapshots.net_market_value, 2) as total_market_value,
        round(snapshots.cash, 2) as cash_balance,
        round(dim_portfolios.initial_equity, 2) as initial_equity,
        snapshots.position_count,
        snapshots.as_of_date,
        to_char(dim_portfolios.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
        to_char(dim_portfolios.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as updated_at,
        case when snapshots.has_simulated_prices then 'simulated' else 'loaded' end as price_source,
        case when snapshots.has_simulated_prices then %(simulated_notice)s::text end as price_notice,
        to_char(quarantine.withheld_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as withheld_since,
        quarantine.reason as withheld_reason
    from dim_portfolios
    left join fct_quarantine as quarantine on dim_portfolios.portfolio_id = quarantine.portfolio_id
    inner join fct_portfolio_snapshots as snapshots
        on
            dim_portfolios.portfolio_id = snapshots.portfolio_id
            and snapshots.as_of_date = least(%(as_of_date)s::date, quarantine.last_published_date)
    -- the dates as an array: only then does the planner look them up in the index
    where
        snapshots.as_of_date = any(
            array(
                select %(as_of_date)s::date
                union
                select last_published_date from fct_quarantine
            )
        )
    order by dim_portfolios.created_at, dim_portfolios.portfolio_name
    limit %(limit)s offset %(offset)s
)

select coalesce(json_agg(portfolios), '[]'::json)::text as body
from portfolios
