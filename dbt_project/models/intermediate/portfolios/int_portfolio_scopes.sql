{{ config(materialized='ephemeral') }}

-- Positions in scope of the engines: public positions and options. Cash has no exposure and is always covered; private
-- positions are out of scope, and count only in what is not measured.
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

private_holdings as materialized (
    select * from {{ ref('fct_exposures_by_group') }}
    where dimension = 'investment_class' and bucket = 'PRIVATE' and {{ is_being_built() }}
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
        coalesce(holdings.cash_market_value, 0) as cash_market_value,
        cast(coalesce(private_holdings.gross_exposure, 0) as double precision) as private_market_value
    from snapshots
    left join holdings
        on snapshots.portfolio_id = holdings.portfolio_id and snapshots.as_of_date = holdings.as_of_date
    left join private_holdings
        on
            snapshots.portfolio_id = private_holdings.portfolio_id
            and snapshots.as_of_date = private_holdings.as_of_date
)

select * from final
