-- GET /data/prices/benchmark/{symbol}: daily bars of one symbol over the lookback_days calendar days up to a session. A
-- symbol without a price by then returns available = false and a message with the reason.
-- with readable_symbols
with asked as materialized (
    select symbol
    from readable_symbols
    where symbol = %(symbol)s::text
),

bars as (
    select
        as_of_date,
        open,
        high,
        low,
        close,
        volume,
        source
    from fct_prices
    where
        symbol = (select asked.symbol from asked)
        and as_of_date > %(as_of_date)s::date - %(lookback_days)s::integer
        and as_of_date <= %(as_of_date)s::date
),

known as (
    select
        first_price_date,
        last_price_date
    from fct_data_quality
    where symbol = (select asked.symbol from asked) and as_of_date = %(as_of_date)s::date
),

found as (
    select
        count(*) as trading_days,
        min(as_of_date) as start_date,
        max(as_of_date) as end_date,
        coalesce(bool_or(source = 'simulated'), false) as has_simulated_prices,
        json_build_object(
            'dates', coalesce(json_agg(as_of_date order by as_of_date), '[]'::json),
            'open', coalesce(json_agg(round(open, 4) order by as_of_date), '[]'::json),
            'high', coalesce(json_agg(round(high, 4) order by as_of_date), '[]'::json),
            'low', coalesce(json_agg(round(low, 4) order by as_of_date), '[]'::json),
            'close', coalesce(json_agg(round(close, 4) order by as_of_date), '[]'::json),
            'volume', coalesce(json_agg(round(volume, 0) order by as_of_date), '[]'::json)
        ) as body
    from bars
)

select
    json_build_object(
        'symbol', %(symbol)s::text,
        'available', found.trading_days > 0,
        'message', case
            when found.trading_days > 0 then null
            when known.last_price_date is not null
                then concat(
                    'The last price of ', %(symbol)s::text, ' is of ', known.last_price_date,
                    ': ask for more lookback_days.'
                )
            else concat(
                'There is no price of ', %(symbol)s::text, ' up to ', %(as_of_date)s::date,
                '; symbols are priced that a portfolio holds or a factor model uses.'
            )
        end,
        'metadata', json_build_object(
            'lookback_days', %(lookback_days)s::integer,
            'as_of_date', %(as_of_date)s::date,
            'start_date', found.start_date,
            'end_date', found.end_date,
            'trading_days_found', found.trading_days,
            'first_date', known.first_price_date,
            'last_date', known.last_price_date,
            'price_source', case when found.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when found.has_simulated_prices then %(simulated_notice)s::text end
        ),
        'data', found.body
    )::text as body
from found
left join known on true
