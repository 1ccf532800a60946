{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date', 'scenario_id']) }}

-- P&L of each portfolio under each scenario: units held times the P&L per unit. Private positions are not stressed and
-- lower the coverage.
with position_values as not materialized (
    select
        *,
        {{ stress_units() }} as units
    from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

security_stress as (
    select * from {{ ref('int_security_stress') }}
    where {{ is_being_built() }}
),

scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

betas as (
    select * from {{ ref('int_risk_betas') }}
    where factor = 'Market'
),

gross as (
    select
        portfolio_id,
        as_of_date,
        cast(sum(abs(market_value)) as double precision) as gross_market_value
    from position_values
    group by portfolio_id, as_of_date
),

unmeasured as (
    select * from {{ ref('int_unmeasured_positions') }}
    where factor_model = 'risk' and factor = 'Market'
),

summed as (
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        security_stress.scenario_id,
        {{ exact_sum('position_values.units * security_stress.direct_pnl') }} as direct_pnl,
        {{ exact_sum('position_values.units * security_stress.direct_linear_pnl') }} as direct_linear_pnl,
        {{ exact_sum('position_values.units * security_stress.correlated_pnl') }} as correlated_pnl,
        {{ exact_sum('position_values.units * security_stress.correlated_linear_pnl') }} as correlated_linear_pnl,
        cast(sum(abs(position_values.market_value)) as double precision) as covered_market_value,
        count(*) as positions_analyzed,
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
),

scenarios as (
    select scenario_id from {{ ref('scenarios') }}
    group by scenario_id
),

flagged as (
    select
        scopes.*,
        scenarios.scenario_id,
        summed.direct_pnl,
        summed.direct_linear_pnl,
        summed.correlated_pnl,
        summed.correlated_linear_pnl,
        (summed.covered_market_value + scopes.cash_market_value)
        / nullif(gross.gross_market_value, 0) as coverage,
        coalesce(summed.positions_analyzed + scopes.cash_positions, 0) as positions_analyzed,
        coalesce(summed.data_days, 0) as data_days,
        unmeasured.unmeasured_symbols,
        unmeasured.positions_not_measured,
        (select min(full_history_observations) from {{ ref('factors') }} where model = 'risk') as full_history_sessions,
        {{ quality_columns(
            'scopes', 'summed.positions_analyzed', 'summed.has_limited_history', 'summed.covered_market_value'
        ) }}
    from scopes
    cross join scenarios
    left join gross
        on scopes.portfolio_id = gross.portfolio_id and scopes.as_of_date = gross.as_of_date
    left join summed
        on
            scopes.portfolio_id = summed.portfolio_id
            and scopes.as_of_date = summed.as_of_date
            and scenarios.scenario_id = summed.scenario_id
    left join unmeasured
        on scopes.portfolio_id = unmeasured.portfolio_id and scopes.as_of_date = unmeasured.as_of_date
),

final as (
    select
        portfolio_id,
        as_of_date,
        scenario_id,
        direct_pnl,
        correlated_pnl,
        correlated_pnl - direct_pnl as correlation_effect,
        direct_linear_pnl,
        correlated_linear_pnl,
        case when equity > 0 then direct_pnl / equity end as direct_pct_equity,
        case when equity > 0 then correlated_pnl / equity end as correlated_pct_equity,
        case when equity <= 0 then 'equity_not_positive' end as ratio_null_reason,
        case when positions_total > 0 then coalesce(coverage, 0) end as coverage,
        quality_flag,
        {{ quality_message() }} as quality_message,
        coverage_of_equity,
        positions_not_measured,
        cast(positions_analyzed as integer) as positions_analyzed,
        positions_total,
        cast(positions_total - positions_analyzed as integer) as positions_skipped,
        cast(data_days as integer) as data_days
    from flagged
)

select * from final
