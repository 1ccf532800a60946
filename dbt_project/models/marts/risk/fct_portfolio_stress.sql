{{ config(materialized='mart', packed=true, grain=['portfolio_id', 'as_of_date', 'scenario_id']) }}

-- P&L of each portfolio under each scenario. Private positions are not stressed and lower the coverage.
with factors as (
    select * from {{ ref('factors') }}
    where model = 'risk'
),

stress as (
    select * from {{ ref('int_portfolio_stress') }}
),

scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

volatility_index as (
    select * from {{ ref('int_volatility_index') }}
),

books as (
    select * from {{ ref('int_stress_books') }}
),

comparisons as (
    select * from {{ ref('int_stress_comparisons') }}
),

earlier as (
    select
        portfolio_id,
        as_of_date,
        scenario_id,
        direct_pnl
    from stress
    union all
    {{ rows_before_window(
        {
            'portfolio_id': 'uuid',
            'as_of_date': 'date',
            'scenario_id': 'text',
            'direct_pnl': 'double precision',
        },
        since='(select min(comparisons.earlier_date) from comparisons)',
    ) }}
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

scenarios as (
    select
        scenario_id,
        max(shock) filter (where factor = 'Market') as market_shock
    from {{ ref('scenarios') }}
    group by scenario_id
),

joined as (
    select
        scopes.*,
        scenarios.scenario_id,
        scenarios.market_shock,
        stress.direct_pnl,
        stress.direct_linear_pnl,
        stress.correlated_pnl,
        stress.correlated_linear_pnl,
        stress.replay_pnl,
        case
            when stress.replay_pnl is not null
                then stress.own_market_value / nullif(stress.covered_market_value, 0)
        end as own_share,
        nullif(concat_ws(
            ', ',
            case when stress.vix_option_count > 0 then 'vix_options' end,
            case when stress.option_count > 0 and volatility_index.vix is null then 'vix_unknown' end
        ), '') as approximation,
        books.invested,
        books.beta as book_beta,
        earlier.direct_pnl as earlier_pnl,
        coalesce(
            (stress.covered_market_value + scopes.cash_market_value) / nullif(gross.gross_market_value, 0),
            case when stress.positions_analyzed > 0 then 1 end
        ) as coverage,
        coalesce(stress.positions_analyzed + scopes.cash_positions, 0) as positions_analyzed,
        coalesce(stress.data_days, 0) as data_days,
        unmeasured.unmeasured_symbols,
        unmeasured.positions_not_measured,
        (select min(factors.full_history_observations) from factors) as full_history_sessions,
        {{ quality_columns(
            'scopes', 'stress.positions_analyzed', 'stress.has_limited_history', 'stress.covered_market_value'
        ) }}
    from scopes
    cross join scenarios
    left join gross
        on scopes.portfolio_id = gross.portfolio_id and scopes.as_of_date = gross.as_of_date
    left join stress
        on
            scopes.portfolio_id = stress.portfolio_id
            and scopes.as_of_date = stress.as_of_date
            and scenarios.scenario_id = stress.scenario_id
    left join unmeasured
        on scopes.portfolio_id = unmeasured.portfolio_id and scopes.as_of_date = unmeasured.as_of_date
    left join volatility_index
        on scopes.as_of_date = volatility_index.as_of_date
    left join books
        on scopes.portfolio_id = books.portfolio_id and scopes.as_of_date = books.as_of_date
    left join comparisons
        on scopes.portfolio_id = comparisons.portfolio_id and scopes.as_of_date = comparisons.as_of_date
    left join earlier
        on
            comparisons.portfolio_id = earlier.portfolio_id
            and comparisons.earlier_date = earlier.as_of_date
            and scenarios.scenario_id = earlier.scenario_id
),

doubted as (
    select
        joined.*,
        case when joined.equity > 0 then {{ stress_doubts('joined') }} end as doubts
    from joined
),

final as (
    select
        portfolio_id,
        as_of_date,
        scenario_id,
        direct_pnl,
        correlated_pnl,
        correlated_pnl - direct_pnl as correlation_effect,
        replay_pnl,
        own_share,
        direct_linear_pnl,
        correlated_linear_pnl,
        case when equity > 0 then direct_pnl / equity end as direct_pct_equity,
        case when equity > 0 then correlated_pnl / equity end as correlated_pct_equity,
        case when equity > 0 then replay_pnl / equity end as replay_pct_equity,
        case when equity <= 0 then 'equity_not_positive' end as ratio_null_reason,
        case when direct_pnl is not null and equity > 0 then doubts is null end as is_believable,
        doubts,
        approximation,
        case when positions_total > 0 then coalesce(coverage, 0) end as coverage,
        quality_flag,
        {{ quality_message() }} as quality_message,
        coverage_of_equity,
        positions_not_measured,
        cast(positions_analyzed as integer) as positions_analyzed,
        positions_total,
        cast(positions_total - positions_analyzed as integer) as positions_skipped,
        cast(data_days as integer) as data_days
    from doubted
)

select * from final
