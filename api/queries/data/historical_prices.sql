-- GET /data/prices/historical/{portfolio_id}: daily bars of the symbols that the portfolio holds at the close of one
-- session (an option's underlying), over the lookback_days calendar days up to it. adjusted_close is chained to the
-- close of the last session shown, so later splits do not affect it. No row: the portfolio is not this user's. Null
-- body: it begins after the session.
-- with portfolio_scope, open_positions
with held as (
    select
        priced_symbol as symbol,
        coalesce(price_source = 'cash', false) as is_cash
    from described
    where investment_class <> 'PRIVATE'
),

factor_etfs as (
    select etf.symbol
    from dim_factors
    cross join
        lateral (
            values (dim_factors.proxy_symbol), (dim_factors.long_symbol), (dim_factors.short_symbol)
        ) as etf (symbol)
    where
        %(include_factor_etfs)s::boolean
        and etf.symbol is not null
        -- a yield series is no symbol
        and dim_factors.unit <> 'return per unit of yield'
),

named as (
    select
        symbol,
        is_cash
    from held
    union all
    select
        symbol,
        false as is_cash
    from factor_etfs
),

wanted as (
    select
        symbol,
        bool_and(is_cash) as is_cash
    from named
    group by symbol
),

bars as (
    select
        fct_prices.symbol,
        fct_prices.as_of_date,
        fct_prices.open,
        fct_prices.high,
        fct_prices.low,
        fct_prices.close,
        fct_prices.volume,
        fct_prices.source,
        fct_prices.adjusted_close
        * first_value(fct_prices.close / nullif(fct_prices.adjusted_close, 0)) over (
            partition by fct_prices.symbol order by fct_prices.as_of_date desc
        ) as adjusted_close
    from fct_prices
    where
        fct_prices.symbol = any(array(select symbol from wanted))
        and fct_prices.as_of_date > %(as_of_date)s::date - %(lookback_days)s::integer
        and fct_prices.as_of_date <= %(as_of_date)s::date
),

dated as (
    select
        *,
        case
            when %(date_format)s::text = 'unix' then to_json(extract(epoch from as_of_date)::bigint)
            else to_json(as_of_date)
        end as date_json
    from bars
),

by_symbol as (
    select
        symbol,
        bool_or(source = 'simulated') as is_simulated,
        json_build_object(
            'dates', json_agg(date_json order by as_of_date),
            'open', json_agg(round(open, 4) order by as_of_date),
            'high', json_agg(round(high, 4) order by as_of_date),
            'low', json_agg(round(low, 4) order by as_of_date),
            'close', json_agg(round(close, 4) order by as_of_date),
            'adjusted_close', json_agg(round(adjusted_close::numeric, 4) order by as_of_date),
            'volume', json_agg(round(volume, 0) order by as_of_date),
            'data_points', count(*),
            'source', string_agg(distinct source, ', ')
        ) as body
    from dated
    group by symbol
),

symbols as (
    select
        coalesce(json_object_agg(symbol, body order by symbol), '{}'::json) as body,
        coalesce(bool_or(is_simulated), false) as has_simulated_prices
    from by_symbol
),

span as (
    select
        min(as_of_date) as start_date,
        max(as_of_date) as end_date,
        count(distinct as_of_date) as trading_days
    from bars
),

-- Cash needs no price.
without_prices as (
    select coalesce(json_agg(wanted.symbol order by wanted.symbol), '[]'::json) as body
    from wanted
    where
        not wanted.is_cash
        and not exists (
            select from by_symbol
            where by_symbol.symbol = wanted.symbol
        )
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'metadata', json_build_object(
                'lookback_days', %(lookback_days)s::integer,
                'as_of_date', %(as_of_date)s::date,
                'start_date', span.start_date,
                'end_date', span.end_date,
                'trading_days_included', span.trading_days,
                'include_factor_etfs', %(include_factor_etfs)s::boolean,
                'date_format', %(date_format)s::text,
                'symbols_without_prices', without_prices.body,
                'price_source', case when symbols.has_simulated_prices then 'simulated' else 'loaded' end,
                'price_notice', case when symbols.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'symbols', symbols.body
        )
    end::text as body
from portfolio
cross join symbols
cross join span
cross join without_prices
left join snapshot on true
