{{ config(materialized='mart', grain=['symbol', 'as_of_date']) }}

-- Trading volume of symbols, and of the option contracts held. An average counts past shares as those of the date: a
-- split changes their number.
{%- set rules = var('liquidity_rules') %}
with all_sessions as (
    select * from {{ ref('int_session_windows') }}
),

engine_start as (
    select * from {{ ref('int_engine_start') }}
),

-- those being built and the longest window before them
sessions as (
    select
        all_sessions.*,
        all_sessions.as_of_date >= engine_start.market_date as is_built
    from all_sessions
    cross join engine_start
    where all_sessions.session_number > (
        select min(built.session_number) from all_sessions as built
        where built.as_of_date >= engine_start.market_date
    ) - {{ rules.long_window }}
),

prices as (
    {{ market_rows(ref('fct_prices'), since='(select min(sessions.as_of_date) from sessions)') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

option_quotes as not materialized (
    select * from {{ ref('stg_raw__option_quotes') }}
),

contracts as (
    select distinct symbol from {{ ref('int_positions') }}
    where investment_class = 'OPTIONS'
),

-- looked up by contract: a join would read the quotes of all contracts
quotes as (
    select
        contracts.symbol,
        known.quote_date as as_of_date,
        known.volume,
        known.price
    from contracts
    cross join lateral (
        select
            option_quotes.quote_date,
            option_quotes.volume,
            option_quotes.price
        from option_quotes
        where
            option_quotes.symbol = contracts.symbol
            and option_quotes.quote_date between (select min(sessions.as_of_date) from sessions) and {{ to_date() }}
    ) as known
),

profiles as (
    select
        profiles.*,
        calendar.session_on_or_before as priced_on
    from {{ ref('int_symbol_profiles') }} as profiles
    inner join {{ ref('int_calendar') }} as calendar on profiles.profile_date = calendar.as_of_date
    where profiles.market_cap > 0 and profiles.valid_before > (select min(sessions.as_of_date) from sessions)
),

closes as not materialized (
    {{ market_rows(ref('fct_prices'), since="date '-infinity'") }}
),

-- each close is looked up by its key: a join would read the closes of all dates
priced as (
    select
        *,
        (
            select closes.close from closes
            where closes.symbol = profiles.symbol and closes.as_of_date = profiles.priced_on
        ) as close_price
    from profiles
),

-- shares outstanding on the day of a profile, in the shares before any split
issued as (
    select
        priced.symbol,
        priced.profile_date,
        priced.valid_before,
        cast(priced.market_cap / priced.close_price / coalesce(split.cumulative_ratio, 1) as double precision)
            as old_shares
    from priced
    {{ join_split_period('splits', 'split', 'priced.symbol', 'priced.priced_on') }}
),

shares_traded as (
    select
        prices.symbol,
        sessions.session_number,
        cast(prices.volume / coalesce(split.cumulative_ratio, 1) as double precision) as volume,
        cast(prices.volume * prices.close as double precision) as dollar_volume,
        abs(prices.daily_return) / nullif(cast(prices.volume * prices.close as double precision), 0) * 1e6
            as price_impact
    from prices
    inner join sessions on prices.as_of_date = sessions.as_of_date
    {{ join_split_period('splits', 'split', 'prices.symbol', 'prices.as_of_date') }}
),

traded as (
    select * from shares_traded
    union all
    select
        quotes.symbol,
        sessions.session_number,
        cast(quotes.volume as double precision) as volume,
        cast(quotes.volume * quotes.price * 100 as double precision) as dollar_volume,
        cast(null as double precision) as price_impact
    from quotes
    inner join sessions on quotes.as_of_date = sessions.as_of_date
),

symbols as (
    select
        symbol,
        min(session_number) as first_session,
        max(session_number) as last_session
    from traded
    group by symbol
),

-- every session from the first price on, so that a window counts sessions without a price too
days as (
    select
        symbols.symbol,
        sessions.as_of_date,
        sessions.is_built,
        array_agg(traded.volume) over recent as volumes,
        array_agg(traded.dollar_volume) over recent as dollar_volumes,
        array_agg(traded.price_impact) over recent as price_impacts
    from symbols
    inner join sessions
        on
            symbols.first_session <= sessions.session_number
            and sessions.session_number < symbols.last_session + {{ rules.long_window }}
    left join traded
        on symbols.symbol = traded.symbol and sessions.session_number = traded.session_number
    window recent as (
        partition by symbols.symbol order by sessions.session_number
        rows between {{ rules.long_window - 1 }} preceding and current row
    )
),

counted as (
    select
        days.symbol,
        days.as_of_date,
        windows.*
    from days
    cross join
        lateral (
            select
                {%- for name, sessions in {'20d': rules.short_window, '63d': rules.long_window}.items() %}
                    {%- set recent = 'filter (where place > cardinality(days.volumes) - ' ~ sessions ~ ')' %}
                    count(volume) {{ recent }} as volume_days_{{ name }},
                    {%- for quantity in ['volume', 'dollar_volume'] %}
                        avg({{ quantity }}) {{ recent }} as average_{{ quantity }}_{{ name }},
                        percentile_cont(0.5) within group (order by {{ quantity }}) {{ recent }}
                            as median_{{ quantity }}_{{ name }},
                    {%- endfor %}
                {%- endfor %}
                count(*) filter (where volume = 0) as zero_volume_days_63d,
                count(price_impact) as impact_days,
                avg(price_impact) as amihud_illiquidity
            from
                unnest(days.volumes, days.dollar_volumes, days.price_impacts)
                with ordinality as window_days (volume, dollar_volume, price_impact, place)
        ) as windows
    where days.is_built
),

judged as (
    select
        counted.*,
        coalesce(split.cumulative_ratio, 1) as cumulative_ratio,
        counted.volume_days_20d >= {{ rules.minimum_share * rules.short_window }} as is_known_20d,
        counted.volume_days_63d >= {{ rules.minimum_share * rules.long_window }} as is_known_63d
    from counted
    {{ join_split_period('splits', 'split', 'counted.symbol', 'counted.as_of_date') }}
),

final as (
    select
        judged.symbol,
        judged.as_of_date,
        case when judged.is_known_20d then judged.average_volume_20d * judged.cumulative_ratio end
            as average_volume_20d,
        case when judged.is_known_20d then judged.average_dollar_volume_20d end as average_dollar_volume_20d,
        case when judged.is_known_20d then judged.median_volume_20d * judged.cumulative_ratio end as median_volume_20d,
        case when judged.is_known_20d then judged.median_dollar_volume_20d end as median_dollar_volume_20d,
        cast(judged.volume_days_20d as integer) as volume_days_20d,
        case when judged.is_known_63d then judged.average_volume_63d * judged.cumulative_ratio end
            as average_volume_63d,
        case when judged.is_known_63d then judged.average_dollar_volume_63d end as average_dollar_volume_63d,
        case when judged.is_known_63d then judged.median_volume_63d * judged.cumulative_ratio end as median_volume_63d,
        case when judged.is_known_63d then judged.median_dollar_volume_63d end as median_dollar_volume_63d,
        cast(judged.volume_days_63d as integer) as volume_days_63d,
        cast(judged.zero_volume_days_63d as integer) as zero_volume_days_63d,
        case
            when judged.impact_days >= {{ rules.minimum_share * rules.long_window }} then judged.amihud_illiquidity
        end as amihud_illiquidity,
        issued.old_shares * judged.cumulative_ratio as shares_outstanding,
        case when judged.is_known_20d then judged.average_volume_20d / issued.old_shares end as turnover,
        case
            when judged.volume_days_20d = 0 then 'no_volume'
            when not judged.is_known_20d then 'too_few_volumes'
        end as null_reason
    from judged
    left join issued
        on
            judged.symbol = issued.symbol
            and judged.as_of_date >= issued.profile_date
            and judged.as_of_date < issued.valid_before
)

select * from final
