{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date']) }}

-- Risk figures of portfolios: beta and variances from the factor models, volatility and value at risk from the holdings
-- of the date with past returns, Sharpe ratio and a second beta from the time-weighted returns of the portfolio.
with factors as (
    select * from {{ ref('factors') }}
    where model = 'risk'
),

scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

variances as (
    select * from {{ ref('int_portfolio_variances') }}
),

market_betas as materialized (
    select * from {{ ref('fct_portfolio_factor_exposures') }}
    where model = 'market' and {{ is_being_built() }}
),

market_fits as (
    select * from {{ ref('int_portfolio_market_fit') }}
),

return_risk as (
    select * from {{ ref('int_portfolio_return_risk') }}
),

provider_betas as (
    select * from {{ ref('int_portfolio_provider_betas') }}
),

unmeasured as (
    select * from {{ ref('int_unmeasured_positions') }}
    where factor_model = 'risk' and factor = 'Market'
),

stressed as (
    select * from {{ ref('int_stressed_risk') }}
),

stressed_window as (
    select * from {{ ref('int_stressed_window') }}
),

earned_risk as (
    select * from {{ ref('int_portfolio_earned_risk') }}
),

joined as (
    select
        scopes.*,
        provider_betas.beta as beta_provider_1y,
        provider_betas.null_reason as beta_provider_null_reason,
        provider_betas.exposure_with_beta as provider_beta_exposure,
        provider_betas.coverage as provider_beta_coverage,
        provider_betas.positions_with_beta as positions_with_provider_beta,
        earned_risk.sharpe_ratio,
        earned_risk.sharpe_null_reason,
        earned_risk.sharpe_observations,
        earned_risk.return_beta,
        earned_risk.return_beta_r_squared,
        earned_risk.return_beta_observations,
        earned_risk.return_beta_null_reason,
        market_betas.beta as market_beta,
        market_fits.r_squared as market_beta_r_squared,
        market_fits.observations as market_beta_observations,
        variances.coverage,
        variances.data_days,
        sqrt(variances.systematic_variance) as systematic_volatility,
        sqrt(variances.idiosyncratic_variance) as idiosyncratic_volatility,
        sqrt(variances.total_variance) as total_volatility,
        variances.systematic_variance / {{ divisible_variance('variances.total_variance', 'scopes.equity') }}
            as systematic_share,
        coalesce(variances.positions_analyzed + scopes.cash_positions, 0) as positions_analyzed,
        unmeasured.unmeasured_symbols,
        unmeasured.positions_not_measured,
        (select min(factors.full_history_observations) from factors) as full_history_sessions,
        {{ quality_columns(
            'scopes', 'variances.positions_analyzed', 'variances.has_limited_history', 'variances.covered_market_value'
        ) }},
        return_risk.realized_volatility_21d,
        return_risk.realized_volatility_63d,
        return_risk.forecast_volatility_21d,
        return_risk.forecast_model,
        return_risk.forecast_volatility_21d_garch,
        return_risk.forecast_volatility_21d_ewma,
        return_risk.forecast_volatility_21d_har,
        return_risk.har_r_squared,
        return_risk.is_forecast_fallback,
        return_risk.proxied_share,
        return_risk.volatility_trend,
        return_risk.volatility_percentile,
        return_risk.var_95_1d,
        return_risk.var_99_1d,
        return_risk.es_95_1d,
        return_risk.es_99_1d,
        return_risk.var_95_10d,
        return_risk.var_99_10d,
        return_risk.var_95_1d_filtered,
        return_risk.var_99_1d_filtered,
        return_risk.es_95_1d_filtered,
        return_risk.es_99_1d_filtered,
        return_risk.var_95_1d_parametric,
        return_risk.var_99_1d_parametric,
        return_risk.es_95_1d_parametric,
        return_risk.es_99_1d_parametric,
        return_risk.var_95_1d_cornish_fisher,
        return_risk.var_99_1d_cornish_fisher,
        return_risk.es_95_1d_cornish_fisher,
        return_risk.es_99_1d_cornish_fisher,
        return_risk.is_cornish_fisher_monotone,
        return_risk.scenario_days,
        stressed.var_95_1d_stressed,
        stressed.var_99_1d_stressed,
        stressed.es_95_1d_stressed,
        stressed.es_99_1d_stressed,
        stressed.stressed_scenario_days,
        stressed.stressed_proxied_share,
        stressed_window.window_start as stressed_window_start,
        stressed_window.window_end as stressed_window_end,
        stressed_window.is_covered and scopes.as_of_date >= stressed_window.window_end as is_stressed_window_covered
    from scopes
    left join stressed_window on true
    left join stressed
        on scopes.portfolio_id = stressed.portfolio_id and scopes.as_of_date = stressed.as_of_date
    left join variances
        on scopes.portfolio_id = variances.portfolio_id and scopes.as_of_date = variances.as_of_date
    left join market_betas
        on scopes.portfolio_id = market_betas.portfolio_id and scopes.as_of_date = market_betas.as_of_date
    left join market_fits
        on scopes.portfolio_id = market_fits.portfolio_id and scopes.as_of_date = market_fits.as_of_date
    left join return_risk
        on scopes.portfolio_id = return_risk.portfolio_id and scopes.as_of_date = return_risk.as_of_date
    left join provider_betas
        on scopes.portfolio_id = provider_betas.portfolio_id and scopes.as_of_date = provider_betas.as_of_date
    left join earned_risk
        on scopes.portfolio_id = earned_risk.portfolio_id and scopes.as_of_date = earned_risk.as_of_date
    left join unmeasured
        on scopes.portfolio_id = unmeasured.portfolio_id and scopes.as_of_date = unmeasured.as_of_date
),

final as (
    select
        portfolio_id,
        as_of_date,
        market_beta,
        market_beta_r_squared,
        market_beta_observations,
        systematic_volatility,
        idiosyncratic_volatility,
        total_volatility,
        systematic_share,
        realized_volatility_21d,
        realized_volatility_63d,
        forecast_volatility_21d,
        forecast_model,
        forecast_volatility_21d_garch,
        forecast_volatility_21d_ewma,
        forecast_volatility_21d_har,
        har_r_squared,
        is_forecast_fallback,
        proxied_share,
        volatility_trend,
        volatility_percentile,
        var_95_1d,
        var_99_1d,
        es_95_1d,
        es_99_1d,
        var_95_10d,
        var_99_10d,
        var_95_1d_filtered,
        var_99_1d_filtered,
        es_95_1d_filtered,
        es_99_1d_filtered,
        var_95_1d_parametric,
        var_99_1d_parametric,
        es_95_1d_parametric,
        es_99_1d_parametric,
        var_95_1d_cornish_fisher,
        var_99_1d_cornish_fisher,
        es_95_1d_cornish_fisher,
        es_99_1d_cornish_fisher,
        var_95_1d_stressed,
        var_99_1d_stressed,
        es_95_1d_stressed,
        es_99_1d_stressed,
        stressed_window_start,
        stressed_window_end,
        cast(stressed_scenario_days as integer) as stressed_scenario_days,
        stressed_proxied_share,
        case
            when var_95_1d_stressed is not null then null
            when quality_flag in ('no_public_positions', 'no_factor_data') then quality_flag
            when is_stressed_window_covered then 'too_few_outcomes'
            else 'stressed_window_not_covered'
        end as stressed_null_reason,
        case when equity > 0 then var_95_1d / equity end as var_95_1d_pct_equity,
        case when equity > 0 then var_99_1d / equity end as var_99_1d_pct_equity,
        case when equity > 0 then es_95_1d / equity end as es_95_1d_pct_equity,
        case when equity > 0 then es_99_1d / equity end as es_99_1d_pct_equity,
        case when equity > 0 then var_95_10d / equity end as var_95_10d_pct_equity,
        case when equity > 0 then var_99_10d / equity end as var_99_10d_pct_equity,
        is_cornish_fisher_monotone,
        case
            when var_95_1d_cornish_fisher is not null then null
            when var_95_1d_parametric is null then 'too_few_outcomes'
            when var_95_1d_parametric = var_99_1d_parametric then 'constant_outcomes'
            else 'quantile_not_monotone'
        end as cornish_fisher_null_reason,
        cast(scenario_days as integer) as scenario_days,
        beta_provider_1y,
        case when beta_provider_1y is null then coalesce(beta_provider_null_reason, 'no_public_positions') end
            as beta_provider_null_reason,
        provider_beta_exposure,
        provider_beta_coverage,
        cast(coalesce(positions_with_provider_beta, 0) as integer) as positions_with_provider_beta,
        sharpe_ratio,
        case
            when sharpe_ratio is null then coalesce(sharpe_null_reason, 'too_few_market_days')
        end as sharpe_null_reason,
        cast(coalesce(sharpe_observations, 0) as integer) as sharpe_observations,
        return_beta,
        return_beta_r_squared,
        cast(coalesce(return_beta_observations, 0) as integer) as return_beta_observations,
        case when return_beta is null then coalesce(return_beta_null_reason, 'too_few_market_days') end
            as return_beta_null_reason,
        case when equity <= 0 then 'equity_not_positive' end as ratio_null_reason,
        case when positions_in_scope > 0 then coalesce(coverage, 0) end as coverage,
        quality_flag,
        {{ quality_message() }} as quality_message,
        coverage_of_equity,
        positions_not_measured,
        cast(positions_analyzed as integer) as positions_analyzed,
        positions_total,
        cast(positions_total - positions_analyzed as integer) as positions_skipped,
        cast(coalesce(data_days, 0) as integer) as data_days
    from joined
)

select * from final
