{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'as_of_date', 'scenario_id'], 'unique': true}],
) }}

-- P&L of each portfolio under each scenario: units held times the P&L per unit. The linear part counts options with
-- their delta-adjusted exposure.
with position_values as not materialized (
    select
        *,
        cast(delta_adjusted_exposure as double precision) as exposure,
        {{ stress_units() }} as units
    from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

security_stress as (
    select * from {{ ref('int_security_stress') }}
    where {{ is_being_built() }}
),

betas as (
    select * from {{ ref('int_risk_betas') }}
    where factor = 'Market'
),

final as (
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        security_stress.scenario_id,
        {{ exact_sum('position_values.units * security_stress.direct_pnl') }} as direct_pnl,
        {{ exact_sum('position_values.exposure * security_stress.direct_return') }} as direct_linear_pnl,
        {{ exact_sum('position_values.units * security_stress.correlated_pnl') }} as correlated_pnl,
        {{ exact_sum('position_values.exposure * security_stress.correlated_return') }} as correlated_linear_pnl,
        {{ exact_sum('position_values.units * security_stress.replay_pnl') }} as replay_pnl,
        cast(sum(abs(position_values.market_value)) as double precision) as covered_market_value,
        cast(coalesce(
            sum(abs(position_values.market_value)) filter (where security_stress.has_own_return), 0
        ) as double precision) as own_market_value,
        count(*) as positions_analyzed,
        count(*) filter (where position_values.investment_class = 'OPTIONS') as option_count,
        count(*) filter (
            where
            position_values.investment_class = 'OPTIONS'
            and position_values.pricing_symbol = '{{ var("volatility_index") }}'
        ) as vix_option_count,
        min(betas.observations) as data_days,
        bool_or(betas.quality_flag = 'limited_history') as has_limited_history
    from position_values
    inner join security_stress
        on
            position_values.instrument_id = security_stress.instrument_id
            and position_values.as_of_date = security_stress.as_of_date
    inner join betas
        on position_values.pricing_symbol = betas.symbol and position_values.as_of_date = betas.as_of_date
    group by position_values.portfolio_id, position_values.as_of_date, security_stress.scenario_id
)

select * from final
