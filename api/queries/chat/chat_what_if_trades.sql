-- The chat's tool what_if: what changes hands in one portfolio, or why it cannot.
select
    trades.symbol,
    trades.quantity_before,
    trades.quantity,
    trades.quantity_before + trades.quantity as quantity_after,
    trades.price,
    coalesce(
        (
            select max(held.price_date)
            from fct_position_values as held
            where
                held.portfolio_id = %(portfolio_id)s::uuid
                and held.as_of_date = %(as_of_date)s::date
                and held.is_open
                and held.symbol = trades.symbol
                and held.price_date < held.as_of_date
        ),
        %(as_of_date)s::date
    ) as price_date,
    trades.market_value,
    trades.null_reason,
    trades.message
from
    udf.what_if_trades(
        %(portfolio_id)s::uuid, %(as_of_date)s::date, %(trades)s::jsonb, %(cash)s::text
    ) as trades
order by trades.place
