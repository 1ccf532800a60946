{{ config(materialized='mart', versioned=true, grain=['portfolio_id', 'valid_from']) }}

-- What a portfolio is compared with, over time. The first period begins with the portfolio.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
    where removed_on is null or removed_on > {{ to_date() }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

periods as (
    select * from {{ ref('int_benchmark_periods') }}
),

starts as (
    select
        portfolios.portfolio_id,
        least(portfolios.inception_date, min(positions.first_session)) as start_date
    from portfolios
    left join positions on portfolios.portfolio_id = positions.portfolio_id
    group by portfolios.portfolio_id, portfolios.inception_date
),

final as (
    select
        periods.portfolio_id,
        greatest(periods.valid_from, starts.start_date) as valid_from,
        cast(nullif(periods.valid_before, date 'infinity') - 1 as date) as valid_to,
        periods.symbol,
        periods.is_default
    from periods
    inner join starts on periods.portfolio_id = starts.portfolio_id
    where periods.valid_before > starts.start_date
)

select * from final
