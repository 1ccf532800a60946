{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date']) }}

-- Long, short, gross and net exposure at market value and at cost, and concentration over symbols (options under their
-- underlying). Cash and money-market funds are no exposure at market. Ratios are relative to equity, not to the value
-- of the positions.
with snapshots as (
    select * from {{ ref('fct_portfolio_snapshots') }}
    where {{ is_being_built() }}
),

position_values as not materialized (
    select * from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

totals as (
    select
        portfolio_id,
        as_of_date,
        coalesce(sum(market_value) filter (where not is_cash_equivalent and market_value > 0), 0) as long_exposure,
        coalesce(-sum(market_value) filter (where not is_cash_equivalent and market_value < 0), 0) as short_exposure,
        coalesce(sum(cost_basis) filter (where cost_basis > 0), 0) as long_exposure_at_cost,
        coalesce(-sum(cost_basis) filter (where cost_basis < 0), 0) as short_exposure_at_cost,
        coalesce(sum(delta_adjusted_exposure) filter (where not is_cash_equivalent and delta_adjusted_exposure > 0), 0)
            as long_exposure_delta_adjusted,
        coalesce(-sum(delta_adjusted_exposure) filter (where not is_cash_equivalent and delta_adjusted_exposure < 0), 0)
            as short_exposure_delta_adjusted,
        bool_or(delta_adjusted_exposure is null) as has_unknown_delta
    from position_values
    group by portfolio_id, as_of_date
),

concentration as (
    select * from {{ ref('int_portfolio_concentration') }}
),

filled as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        snapshots.equity,
        coalesce(totals.long_exposure, 0) as long_exposure,
        coalesce(totals.short_exposure, 0) as short_exposure,
        coalesce(totals.long_exposure_at_cost, 0) as long_exposure_at_cost,
        coalesce(totals.short_exposure_at_cost, 0) as short_exposure_at_cost,
        case
            when not coalesce(totals.has_unknown_delta, false) then coalesce(totals.long_exposure_delta_adjusted, 0)
        end as long_exposure_delta_adjusted,
        case
            when not coalesce(totals.has_unknown_delta, false) then coalesce(totals.short_exposure_delta_adjusted, 0)
        end as short_exposure_delta_adjusted
    from snapshots
    left join totals
        on snapshots.portfolio_id = totals.portfolio_id and snapshots.as_of_date = totals.as_of_date
),

final as (
    select
        filled.portfolio_id,
        filled.as_of_date,
        cast(filled.long_exposure as numeric(38, 2)) as long_exposure,
        cast(filled.short_exposure as numeric(38, 2)) as short_exposure,
        cast(filled.long_exposure + filled.short_exposure as numeric(38, 2)) as gross_exposure,
        cast(filled.long_exposure - filled.short_exposure as numeric(38, 2)) as net_exposure,
        cast(filled.long_exposure_at_cost as numeric(38, 2)) as long_exposure_at_cost,
        cast(filled.short_exposure_at_cost as numeric(38, 2)) as short_exposure_at_cost,
        cast(filled.long_exposure_at_cost + filled.short_exposure_at_cost as numeric(38, 2))
            as gross_exposure_at_cost,
        cast(filled.long_exposure_at_cost - filled.short_exposure_at_cost as numeric(38, 2))
            as net_exposure_at_cost,
        cast(filled.long_exposure_delta_adjusted as numeric(38, 2)) as long_exposure_delta_adjusted,
        cast(filled.short_exposure_delta_adjusted as numeric(38, 2)) as short_exposure_delta_adjusted,
        cast(filled.long_exposure_delta_adjusted + filled.short_exposure_delta_adjusted as numeric(38, 2))
            as gross_exposure_delta_adjusted,
        cast(filled.long_exposure_delta_adjusted - filled.short_exposure_delta_adjusted as numeric(38, 2))
            as net_exposure_delta_adjusted,
        case when filled.long_exposure_delta_adjusted is null then 'options_without_greeks' end
            as delta_adjusted_null_reason,
        cast(case
            when filled.equity > 0 then (filled.long_exposure + filled.short_exposure) / filled.equity
        end as double precision) as leverage,
        cast(case
            when filled.equity > 0 then (filled.long_exposure - filled.short_exposure) / filled.equity
        end as double precision) as net_to_equity,
        case when filled.equity <= 0 then 'equity_not_positive' end as ratio_null_reason,
        concentration.hhi,
        concentration.effective_names,
        concentration.top_1_share,
        concentration.top_3_share,
        concentration.top_5_share,
        concentration.top_10_share
    from filled
    left join concentration
        on filled.portfolio_id = concentration.portfolio_id and filled.as_of_date = concentration.as_of_date
)

select * from final
