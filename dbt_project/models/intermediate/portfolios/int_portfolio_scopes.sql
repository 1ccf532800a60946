{{ config(materialized='ephemeral') }}

-- Positions in scope of the engines: public positions and options. Cash has no exposure and is always covered; private
-- positions are out of scope.
with snapshots as (
    select * from {{ ref('fct_portfolio_snapshots') }}
    where {{ is_being_built() }}
),

holdings as (
    select
        portfolio_id,
        as_of_date,
        coalesce(sum(positions) filter (where not is_cash), 0) as positions_in_scope,
        {{ exact_sum('gross_market_value') }} as gross_market_value,
        coalesce(sum(positions) filter (where is_cash), 0) as cash_positions,
        coalesce(sum(gross_market_value) filter (where is_cash), 0) as cash_market_value
    from {{ ref('int_portfolio_holdings') }}
    group by portfolio_id, as_of_date
),

final as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        cast(snapshots.equity as double precision) as equity,
        snapshots.position_count as positions_total,
        coalesce(holdings.positions_in_scope, 0) as positions_in_scope,
        holdings.gross_market_value,
        coalesce(holdings.cash_positions, 0) as cash_positions,
        coalesce(holdings.cash_market_value, 0) as cash_market_value
    from snapshots
    left join holdings
        on snapshots.portfolio_id = holdings.portfolio_id and snapshots.as_of_date = holdings.as_of_date
)

select * from final
