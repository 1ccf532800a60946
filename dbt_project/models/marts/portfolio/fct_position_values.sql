{{ config(materialized='mart', derived=true, grain=['position_id', 'as_of_date']) }}

-- Positions with their weights, which need the equity of the whole portfolio.
with position_values as (
    select * from {{ ref('int_position_values') }}
),

snapshots as (
    select * from {{ ref('fct_portfolio_snapshots') }}
),

final as (
    select
        position_values.publication_id,
        position_values.position_id,
        position_values.as_of_date,
        position_values.portfolio_id,
        position_values.symbol,
        case when position_values.investment_class = 'OPTIONS' then position_values.pricing_symbol end
            as underlying_symbol,
        position_values.pricing_symbol,
        position_values.sector,
        position_values.investment_class,
        position_values.position_type,
        position_values.is_open,
        position_values.quantity,
        position_values.price,
        position_values.price_date,
        position_values.price_flag,
        position_values.price_source,
        position_values.market_value,
        position_values.instrument_id,
        position_values.delta_adjusted_exposure,
        position_values.delta_adjusted_null_reason,
        position_values.cost_basis,
        cast(position_values.cost_basis + position_values.unrealized_at_opening as numeric(38, 2)) as opening_value,
        position_values.unrealized_at_opening,
        position_values.previous_market_value,
        position_values.unrealized_pnl,
        position_values.realized_pnl,
        position_values.dividends,
        position_values.daily_pnl,
        position_values.cumulative_pnl,
        position_values.cumulative_dividends,
        cast(case
            when snapshots.equity > 0 then position_values.market_value / snapshots.equity
        end as double precision) as weight,
        case when snapshots.equity <= 0 then 'equity_not_positive' end as weight_null_reason,
        cast(case
            when snapshots.equity > snapshots.daily_pnl
                then position_values.daily_pnl / (snapshots.equity - snapshots.daily_pnl)
        end as double precision) as contribution_to_return,
        snapshots.daily_return_null_reason as contribution_null_reason
    from position_values
    inner join snapshots
        on
            position_values.portfolio_id = snapshots.portfolio_id
            and position_values.as_of_date = snapshots.as_of_date
            and position_values.publication_id = snapshots.publication_id
)

select * from final
