{{ config(materialized='mart', packed=true, grain=['portfolio_id', 'as_of_date', 'model', 'factor']) }}

-- Betas of portfolios: holdings times the betas of their symbols, over equity. Without betas the figures are null and
-- quality_flag gives the reason.
with scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

factors as (
    select * from {{ ref('factors') }}
),

summed as (
    select * from {{ ref('int_portfolio_factor_sums') }}
),

variances as (
    select * from {{ ref('int_portfolio_factor_variances') }}
),

totals as (
    select * from {{ ref('int_portfolio_variances') }}
),

unmeasured as (
    select * from {{ ref('int_unmeasured_positions') }}
),

flagged as (
    select
        scopes.*,
        factors.model,
        factors.factor,
        factors.full_history_observations as full_history_sessions,
        summed.dollar_exposure,
        summed.dollar_error,
        variances.dollar_variance,
        totals.total_variance,
        {{ covered_share('summed', 'scopes') }} as coverage,
        coalesce(summed.positions_analyzed + scopes.cash_positions, 0) as positions_analyzed,
        coalesce(summed.data_days, 0) as data_days,
        unmeasured.unmeasured_symbols,
        unmeasured.positions_not_measured,
        {{ quality_columns(
            'scopes', 'summed.positions_analyzed', 'summed.has_limited_history', 'summed.covered_market_value'
        ) }}
    from scopes
    cross join factors
    left join summed
        on
            scopes.portfolio_id = summed.portfolio_id
            and scopes.as_of_date = summed.as_of_date
            and factors.model = summed.model
            and factors.factor = summed.factor
    left join variances
        on
            scopes.portfolio_id = variances.portfolio_id
            and scopes.as_of_date = variances.as_of_date
            and factors.model = variances.model
            and factors.factor = variances.factor
    left join totals
        on scopes.portfolio_id = totals.portfolio_id and scopes.as_of_date = totals.as_of_date
    left join unmeasured
        on
            scopes.portfolio_id = unmeasured.portfolio_id
            and scopes.as_of_date = unmeasured.as_of_date
            and factors.model = unmeasured.factor_model
            and factors.factor = unmeasured.factor
),

contributed as (
    select
        *,
        -- adding 0 turns -0 into 0
        case when equity > 0 then 0 + dollar_variance / (equity * equity) end as variance_contribution
    from flagged
),

final as (
    select
        portfolio_id,
        as_of_date,
        model,
        factor,
        case when equity > 0 then dollar_exposure / equity end as beta,
        case when equity > 0 then dollar_error / equity end as std_error,
        case when equity <= 0 then 'equity_not_positive' end as ratio_null_reason,
        dollar_exposure,
        variance_contribution,
        variance_contribution / {{ divisible_variance('total_variance', 'equity') }} as share_of_variance,
        coverage,
        case
            when model <> 'spread' or dollar_exposure is null or equity <= 0 then null
            when abs(dollar_exposure / equity) > {{ var('strong_tilt') }} then 'strong'
            when abs(dollar_exposure / equity) > {{ var('moderate_tilt') }} then 'moderate'
            else 'neutral'
        end as tilt,
        quality_flag,
        {{ quality_message() }} as quality_message,
        coverage_of_equity,
        positions_not_measured,
        cast(positions_analyzed as integer) as positions_analyzed,
        positions_total,
        cast(positions_total - positions_analyzed as integer) as positions_skipped,
        cast(data_days as integer) as data_days
    from contributed
)

select * from final
