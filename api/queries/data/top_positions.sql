-- GET /data/positions/top/{portfolio_id}: the largest symbols of a portfolio at the close of a session, by absolute
-- market value or weight; all lots of a symbol combined. No row: the portfolio is not this user's. Null body: it begins
-- after the session.
-- with portfolio_scope, open_positions
with lots as (
    select
        *,
        sign(quantity) = sign(sum(quantity) over (partition by symbol)) as is_on_the_net_side
    from described
),

companies as (
    select distinct on (symbol)
        symbol,
        name,
        sector
    from dim_company_profiles
    where
        symbol = any(array(select priced_symbol from described))
        and (profile_date <= %(as_of_date)s::date or is_first)
    order by symbol asc, profile_date desc
),

-- Where lots differ: the side is that of their total quantity (of the largest lot if that is zero), the class is the
-- largest lot's, and the price flag is the most severe, so that no lot hides another's.
by_symbol as (
    select
        symbol,
        min(underlying_symbol) as underlying_symbol,
        min(priced_symbol) as company_symbol,
        (array_agg(investment_class order by abs(market_value) desc, position_id))[1] as investment_class,
        (array_agg(position_type order by is_on_the_net_side desc, abs(market_value) desc, position_id))[1]
            as position_type,
        sum(quantity) as quantity,
        sum(market_value) as market_value,
        sum(unrealized_pnl) as unrealized_pnl,
        sum(daily_pnl) as daily_pnl,
        (array_agg(price_flag order by array_position(
            array[
                'dead_symbol', 'missing_price', 'stale_price', 'adjusted_deliverable', 'model_price', 'intrinsic_value',
                'private_mark'
            ],
            price_flag
        )))[1] as price_flag,
        json_agg(position_id order by position_id) as position_ids,
        count(*) as position_count
    from lots
    group by symbol
),

ranked as (
    select
        by_symbol.symbol,
        companies.name,
        companies.sector,
        by_symbol.underlying_symbol,
        by_symbol.investment_class,
        by_symbol.position_type,
        trim_scale(round(by_symbol.quantity, 6)) as quantity,
        round(by_symbol.market_value, 2) as market_value,
        round(by_symbol.market_value / nullif(greatest(snapshot.equity, 0), 0), 6) as weight,
        round(by_symbol.unrealized_pnl, 2) as unrealized_pnl,
        round(by_symbol.daily_pnl, 2) as daily_pnl,
        by_symbol.price_flag,
        by_symbol.position_ids,
        by_symbol.position_count
    from by_symbol
    cross join snapshot
    left join companies on by_symbol.company_symbol = companies.symbol
),

-- The weight is null where equity is not positive: sort by market value then.
page as (
    select * from ranked
    order by
        case when %(sort_by)s::text = 'weight' then abs(weight) end desc nulls last,
        abs(market_value) desc,
        symbol asc
    limit %(limit)s offset %(offset)s
),

listed as (
    select
        count(*) as row_count,
        coalesce(json_agg(page), '[]'::json) as body
    from page
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'as_of', snapshot.as_of_date,
            'data', listed.body,
            'meta', json_build_object(
                'sort_by', %(sort_by)s::text,
                'limit', %(limit)s::integer,
                'offset', %(offset)s::integer,
                'rows_returned', listed.row_count,
                'total_symbols', (select count(*) from by_symbol),
                'truncated', %(offset)s + listed.row_count < (select count(*) from by_symbol),
                'total_market_value', round(snapshot.net_market_value, 2),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            )
        )
    end::text as body
from portfolio
cross join listed
left join snapshot on true
