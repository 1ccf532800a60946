-- GET /data/factors/etf-prices: the ETFs of the factors, with their last bar up to a session and, on request, the bars
-- of the lookback_days calendar days before. The mapping of factors to ETFs is the current one; a factor that is not an
-- ETF (a Treasury yield) has none. A factor is asked for by its name in the marts, here or in the factor exposures.
with chosen as (
    select
        proxy_symbol,
        model,
        case factor when 'Market' then 'Market Beta' else factor end as factor_name
    from dim_factors
    where
        proxy_symbol is not null
        and (
            %(factors)s::text[] is null
            or lower(factor) = any(%(factors)s::text[])
            or factor = 'Market' and array['market beta', 'market beta (90d)'] && %(factors)s::text[]
            or lower(proxy_symbol) = any(%(factors)s::text[])
        )
),

factors as (
    select
        proxy_symbol as symbol,
        min(factor_name) as factor_name
    from chosen
    group by proxy_symbol
),

companies as (
    select distinct on (symbol)
        symbol,
        name
    from dim_company_profiles
    where
        symbol = any(array(select symbol from factors))
        and (profile_date <= %(as_of_date)s::date or is_first)
    order by symbol asc, profile_date desc
),

bars as (
    select
        symbol,
        as_of_date,
        open,
        high,
        low,
        close,
        volume,
        source,
        row_number() over (partition by symbol order by as_of_date desc) as days_ago
    from fct_prices
    where
        symbol = any(array(select symbol from factors))
        and as_of_date > %(as_of_date)s::date - greatest(coalesce(%(lookback_days)s::integer, 0), 31)
        and as_of_date <= %(as_of_date)s::date
),

histories as (
    select
        symbol,
        json_build_object(
            'dates', json_agg(as_of_date order by as_of_date),
            'open', json_agg(round(open, 4) order by as_of_date),
            'high', json_agg(round(high, 4) order by as_of_date),
            'low', json_agg(round(low, 4) order by as_of_date),
            'close', json_agg(round(close, 4) order by as_of_date),
            'volume', json_agg(round(volume, 0) order by as_of_date)
        ) as body
    from bars
    where as_of_date > %(as_of_date)s::date - %(lookback_days)s::integer
    group by symbol
),

-- when the last bar was published: by the newest publication that covers its session
newest_bars as (
    select
        bars.*,
        (
            select max(publications.published_at)
            from fct_publications as publications
            where bars.as_of_date between publications.from_date and publications.to_date
        ) as published_at
    from bars
    where bars.days_ago = 1
),

by_symbol as (
    select
        count(*) as etf_count,
        coalesce(bool_or(newest_bars.source = 'simulated'), false) as has_simulated_prices,
        coalesce(json_object_agg(newest_bars.symbol, json_build_object(
            'factor_name', factors.factor_name,
            'symbol', newest_bars.symbol,
            'name', companies.name,
            'current_price', round(newest_bars.close, 4),
            'open', round(newest_bars.open, 4),
            'high', round(newest_bars.high, 4),
            'low', round(newest_bars.low, 4),
            'volume', round(newest_bars.volume, 0),
            'date', newest_bars.as_of_date,
            'updated_at', to_char(newest_bars.published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'data_source', newest_bars.source,
            'history', histories.body
        ) order by newest_bars.symbol), '{}'::json) as body
    from newest_bars
    inner join factors on newest_bars.symbol = factors.symbol
    left join histories on newest_bars.symbol = histories.symbol
    left join companies on newest_bars.symbol = companies.symbol
)

select
    json_build_object(
        'metadata', json_build_object(
            'factor_model', (select string_agg(distinct model, ', ' order by model) from chosen),
            'etf_count', by_symbol.etf_count,
            'timestamp', to_char(%(published_at)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'as_of_date', %(as_of_date)s::date,
            'lookback_days', %(lookback_days)s::integer,
            'without_prices', (
                select coalesce(json_agg(factors.factor_name order by factors.factor_name), '[]'::json)
                from factors
                where factors.symbol <> all(array(select symbol from bars))
            ),
            'price_source', case when by_symbol.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when by_symbol.has_simulated_prices then %(simulated_notice)s::text end
        ),
        'data', by_symbol.body
    )::text as body
from by_symbol
