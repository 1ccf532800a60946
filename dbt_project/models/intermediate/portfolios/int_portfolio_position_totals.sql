{{ config(materialized='ephemeral') }}

-- Sums over the positions of a portfolio on each session of the window.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where {{ is_being_built() }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

opened as (
    select
        position_values.*,
        -- what a spin-off brings comes from another position of the portfolio
        positions.first_session = position_values.as_of_date and positions.spun_off_on is null as is_opened
    from position_values
    inner join positions on position_values.position_id = positions.position_id
),

final as (
    select
        portfolio_id,
        as_of_date,
        sum(market_value) as net_market_value,
        sum(daily_pnl) as daily_pnl,
        coalesce(sum(daily_pnl) filter (where investment_class <> 'PRIVATE'), 0) as public_daily_pnl,
        coalesce(sum(hypothetical_pnl) filter (where investment_class <> 'PRIVATE'), 0) as hypothetical_pnl,
        sum(unrealized_pnl) as unrealized_pnl,
        sum(realized_pnl) as realized_pnl,
        sum(dividends) as dividends,
        coalesce(sum(unrealized_at_opening) filter (where is_opened), 0) as unrealized_at_opening,
        cast(count(*) filter (where is_open) as integer) as position_count,
        coalesce(sum(market_value) filter (where is_cash_equivalent), 0) as cash_and_equivalents,
        -- by type: a split may leave so little of a share that its quantity rounds to 0
        cast(count(*) filter (
            where is_open and not is_cash_equivalent and position_type in ('LONG', 'LC', 'LP')
        ) as integer) as long_count,
        cast(count(*) filter (
            where is_open and not is_cash_equivalent and position_type not in ('LONG', 'LC', 'LP')
        ) as integer) as short_count,
        cast(count(*) filter (where is_open and is_cash_equivalent) as integer) as cash_count,
        cast(count(*) filter (where is_open and investment_class = 'OPTIONS') as integer) as option_count,
        cast(count(*) filter (where is_open and investment_class = 'PRIVATE') as integer) as private_count,
        cast(
            coalesce(sum(abs(market_value)) filter (
                where investment_class <> 'PRIVATE' and (price_flag is null or price_flag = 'stale_price')
            ), 0)
            / nullif(sum(abs(market_value)) filter (where investment_class <> 'PRIVATE'), 0) as double precision
        ) as public_price_coverage,
        bool_or(price_source = 'simulated') as has_simulated_prices
    from opened
    group by portfolio_id, as_of_date
)

select * from final
