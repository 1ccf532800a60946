-- GET /tags/{id}/positions: the user's open positions with a tag on a session, largest first. No row: no such tag.
with portfolios as (
    select
        portfolio_id,
        portfolio_name
    from dim_portfolios
),

periods as materialized (
    select *
    from dim_position_tags
    where
        portfolio_id = any(array(select portfolio_id from portfolios))
        and valid_from <= %(as_of_date)s::date
        and md5(%(user_id)s::text || '/' || tag)::uuid = %(tag_id)s::uuid
),

-- Positions whose own tags in the positions file include it.
owners as materialized (
    select
        dim_positions.position_id,
        own.tag
    from dim_positions
    cross join lateral unnest(dim_positions.own_tags) as own (tag)
    where
        dim_positions.portfolio_id = any(array(select portfolio_id from portfolios))
        and dim_positions.entry_date <= %(as_of_date)s::date
        and md5(%(user_id)s::text || '/' || own.tag)::uuid = %(tag_id)s::uuid
),

named as (
    select tag_name
    from dim_tags
    where
        portfolio_id = any(array(select portfolio_id from portfolios))
        and md5(%(user_id)s::text || '/' || tag)::uuid = %(tag_id)s::uuid
),

carried as (
    select distinct
        portfolio_id,
        symbol
    from periods
    where valid_before is null or valid_before > %(as_of_date)s::date
),

positions as (
    select
        position_values.position_id as id,
        position_values.portfolio_id,
        portfolios.portfolio_name,
        position_values.symbol,
        position_values.position_type,
        position_values.investment_class,
        trim_scale(round(position_values.quantity, 6)) as quantity,
        round(position_values.price, 4) as current_price,
        round(position_values.market_value, 2) as market_value,
        round(position_values.weight::numeric, 6) as weight,
        round(position_values.unrealized_pnl, 2) as unrealized_pnl,
        position_values.price_source
    from fct_position_values as position_values
    inner join portfolios on position_values.portfolio_id = portfolios.portfolio_id
    left join carried
        on
            position_values.portfolio_id = carried.portfolio_id
            and position_values.symbol = carried.symbol
    left join owners on position_values.position_id = owners.position_id
    where
        position_values.portfolio_id = any(array(select portfolio_id from portfolios))
        and num_nonnulls(carried.symbol, owners.tag) > 0
        and position_values.as_of_date = %(as_of_date)s::date
        and position_values.is_open
),

page as (
    select * from positions
    order by abs(market_value) desc, symbol, id
    limit %(limit)s offset %(offset)s
),

listed as (
    select
        count(*) as row_count,
        coalesce(json_agg(page), '[]'::json) as body
    from page
),

totals as (
    select
        count(*) as position_count,
        coalesce(sum(market_value), 0) as market_value,
        coalesce(bool_or(price_source = 'simulated'), false) as has_simulated_prices
    from positions
)

select
    json_build_object(
        'tag_id', %(tag_id)s::uuid,
        'tag_name', coalesce(
            (select min(tag_name) from named),
            (select min(tag) from periods),
            (select min(tag) from owners)
        ),
        'as_of', %(as_of_date)s::date,
        'positions', listed.body,
        'total', totals.position_count,
        'total_market_value', round(totals.market_value, 2),
        'limit', %(limit)s::integer,
        'offset', %(offset)s::integer,
        'truncated', %(offset)s + listed.row_count < totals.position_count,
        'price_source', case when totals.has_simulated_prices then 'simulated' else 'loaded' end,
        'price_notice', case when totals.has_simulated_prices then %(simulated_notice)s::text end
    )::text as body
from listed
cross join totals
where exists (select from periods) or exists (select from owners)
