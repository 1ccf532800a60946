{{ config(materialized='mart', versioned=true, grain=['symbol']) }}

-- Every symbol that is priced, held or profiled, with the attributes of its newest profile.
with prices as (
    select * from {{ ref('stg_raw__prices') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

paths as (
    select * from {{ ref('int_position_paths') }}
    where symbol is not null
),

profiles as (
    select * from {{ ref('stg_raw__company_profiles') }}
),

price_dates as (
    select
        symbol,
        min(price_date) as first_price_date,
        max(price_date) as last_price_date
    from prices
    where price_date <= {{ to_date() }}
    group by symbol
),

held as (
    select
        symbol,
        min(investment_class) as investment_class,
        min(investment_subtype) as investment_subtype
    from positions
    group by symbol
),

benchmark_funds as (
    select * from {{ ref('benchmark_funds') }}
    where effective_date <= {{ to_date() }}
),

known as (
    select symbol from price_dates
    union
    select symbol from held
    union
    select pricing_symbol from positions
    union
    select symbol from paths
    union
    select symbol from profiles
),

newest_profiles as (
    select distinct on (symbol) *
    from profiles
    order by symbol asc, profile_date desc
),

final as (
    select
        known.symbol,
        newest_profiles.name,
        coalesce(
            newest_profiles.security_type,
            case held.investment_class when 'OPTIONS' then 'OPTION' when 'PRIVATE' then 'PRIVATE' end,
            held.investment_subtype
        ) as security_type,
        newest_profiles.sector,
        newest_profiles.industry,
        newest_profiles.exchange,
        newest_profiles.country,
        newest_profiles.currency,
        newest_profiles.market_cap,
        newest_profiles.dividend_yield,
        price_dates.first_price_date,
        price_dates.last_price_date,
        benchmark_funds.benchmark as tracked_benchmark
    from known
    left join price_dates on known.symbol = price_dates.symbol
    left join held on known.symbol = held.symbol
    left join newest_profiles on known.symbol = newest_profiles.symbol
    left join benchmark_funds on known.symbol = benchmark_funds.symbol
)

select * from final
