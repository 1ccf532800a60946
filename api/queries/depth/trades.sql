-- GET /portfolios/{id}/trades: what changed the quantity of positions up to the session, the newest first, by page. No
-- row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope
with trades as (
    select
        *,
        row_number() over (order by as_of_date desc, symbol, position_id, kind) as place
    from fct_trades
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date <= %(as_of_date)s::date
        and (%(year)s::integer is null or extract(year from trade_date) = %(year)s::integer)
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', position_id,
                    'as_of_date', as_of_date,
                    'trade_date', trade_date,
                    'kind', kind,
                    'symbol', symbol,
                    'position_type', position_type,
                    'quantity', trim_scale(quantity),
                    'price', trim_scale(price),
                    'amount', amount,
                    'realized', realized_pnl
                )
                order by place
            ),
            '[]'::json
        ) as body
    from trades
    where place > %(offset)s and place <= %(offset)s + %(limit)s
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'year', %(year)s::integer,
            'total', (select count(*) from trades),
            'limit', %(limit)s::integer,
            'offset', %(offset)s::integer,
            'trades', listed.body,
            'metadata', json_build_object(
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join listed
