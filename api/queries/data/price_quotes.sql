-- GET /data/prices/quotes: the last close of each symbol up to a session, with the day and the 52 weeks around it in
-- the shares of that day. No source of the warehouse provides bid and ask of shares: they are null.
-- with readable_symbols
with requested as (
    select
        symbol,
        min(place) as place
    from unnest(%(symbols)s::text[]) with ordinality as listed (symbol, place)
    group by symbol
),

year_of_bars as (
    select
        symbol,
        as_of_date,
        open,
        high,
        low,
        close,
        previous_close,
        volume,
        source,
        row_number() over newest_first as days_ago,
        -- shares of the newest day per share of that day
        coalesce(
            udf.product(split_ratio) over (newest_first rows between unbounded preceding and 1 preceding), 1
        ) as share_ratio
    from fct_prices
    where
        symbol = any(array(
            select readable_symbols.symbol
            from readable_symbols
            where readable_symbols.symbol = any(%(symbols)s::text[])
        ))
        and as_of_date > %(as_of_date)s::date - 365
        and as_of_date <= %(as_of_date)s::date
    window newest_first as (partition by symbol order by as_of_date desc)
),

extremes as (
    select
        symbol,
        max(greatest(high, close) / share_ratio) as week_52_high,
        min(least(low, close) / share_ratio) as week_52_low
    from year_of_bars
    group by symbol
),

quotes as (
    select
        bars.symbol,
        round(bars.close, 4) as last_price,
        round(bars.previous_close, 4) as previous_close,
        round(bars.volume, 0) as volume,
        round(bars.close - bars.previous_close, 4) as day_change,
        round(100 * (bars.close / nullif(bars.previous_close, 0) - 1), 4) as day_change_percent,
        round(bars.open, 4) as day_open,
        round(bars.high, 4) as day_high,
        round(bars.low, 4) as day_low,
        round(extremes.week_52_high, 4) as week_52_high,
        round(extremes.week_52_low, 4) as week_52_low,
        to_char(
            (
                bars.as_of_date + case
                    -- as a subquery, because a join would read every date
                    when (
                        select dim_dates.is_half_day from dim_dates
                        where dim_dates.as_of_date = bars.as_of_date
                    )
                        then time '13:00'
                    else time '16:00'
                end
            )
            at time zone 'America/New_York' at time zone 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        ) as timestamp,
        bars.as_of_date as price_date,
        bars.source as price_source,
        null::numeric as bid,
        null::numeric as ask,
        requested.place
    from year_of_bars as bars
    inner join extremes on bars.symbol = extremes.symbol
    inner join requested on bars.symbol = requested.symbol
    where bars.days_ago = 1
),

listed as (
    select
        count(*) as row_count,
        coalesce(bool_or(price_source = 'simulated'), false) as has_simulated_prices,
        coalesce(jsonb_agg(to_jsonb(quotes) - 'place' order by place), '[]'::jsonb) as body
    from quotes
),

failed as (
    select coalesce(json_agg(requested.symbol order by requested.place), '[]'::json) as symbols
    from requested
    where requested.symbol <> all(array(select symbol from quotes))
),

session as (
    select
        to_char(
            (as_of_date + case when is_half_day then time '13:00' else time '16:00' end)
            at time zone 'America/New_York' at time zone 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        ) as closed_at
    from dim_dates
    where as_of_date = %(as_of_date)s::date
)

select
    json_build_object(
        'quotes', listed.body,
        'metadata', json_build_object(
            'requested_symbols', (select json_agg(symbol order by place) from requested),
            'successful_quotes', listed.row_count,
            'failed_quotes', json_array_length(failed.symbols),
            'failed_symbols', failed.symbols,
            'timestamp', session.closed_at,
            'as_of_date', %(as_of_date)s::date,
            'is_realtime', false,
            'price_source', case when listed.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when listed.has_simulated_prices then %(simulated_notice)s::text end
        )
    )::text as body
from listed
cross join failed
cross join session
