-- GET /portfolios: the user's portfolios as accounts, as of a session, oldest first; counts and totals cover all
-- that existed at its close, including those beyond the page.
-- GET /portfolios/{id}: the same for one portfolio, whose fields are also returned next to the list.
-- No row: the portfolio is not this user's. Null body: it begins after the session.
with portfolios as (
    select
        dim_portfolios.portfolio_id as id,
        %(user_id)s::uuid as user_id,
        dim_portfolios.portfolio_name as name,
        dim_portfolios.account_name,
        dim_portfolios.account_type,
        dim_portfolios.description,
        dim_portfolios.base_currency as currency,
        round(snapshots.equity, 2)::text as equity_balance,
        true as is_active,
        to_char(dim_portfolios.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
        to_char(dim_portfolios.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as updated_at,
        snapshots.position_count,
        round(snapshots.equity, 2)::text as net_asset_value,
        round(snapshots.equity, 2)::text as total_value,
        dim_portfolios.inception_date,
        snapshots.as_of_date,
        case when snapshots.has_simulated_prices then 'simulated' else 'loaded' end as price_source,
        case when snapshots.has_simulated_prices then %(simulated_notice)s::text end as price_notice,
        snapshots.equity as equity_number,
        row_number() over (order by dim_portfolios.created_at, dim_portfolios.portfolio_name) as place
    from dim_portfolios
    inner join fct_portfolio_snapshots as snapshots
        on
            dim_portfolios.portfolio_id = snapshots.portfolio_id
            and snapshots.as_of_date = %(as_of_date)s::date
    where %(portfolio_id)s::uuid is null or dim_portfolios.portfolio_id = %(portfolio_id)s::uuid
),

listed as (
    select
        count(*) as total_count,
        to_char(coalesce(sum(equity_number), 0), 'FM999999999999999999999999990.00') as total_value,
        coalesce(
            jsonb_agg(to_jsonb(portfolios) - 'equity_number' - 'place' order by place)
            filter (where place > %(offset)s and place <= %(offset)s + %(limit)s),
            '[]'::jsonb
        ) as portfolios
    from portfolios
),

envelope as (
    select
        portfolios -> 0 as first_portfolio,
        jsonb_build_object(
            'portfolios', portfolios,
            'total_count', total_count,
            'active_count', total_count,
            'net_asset_value', total_value,
            'total_value', total_value
        ) as body
    from listed
)

select
    case
        when %(portfolio_id)s::uuid is null then envelope.body
        else envelope.first_portfolio || envelope.body
    end::text as body
from envelope
where
    %(portfolio_id)s::uuid is null
    or exists (
        select from dim_portfolios
        where portfolio_id = %(portfolio_id)s::uuid
    )
