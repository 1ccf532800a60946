{{ config(
    materialized='mart',
    grain=['portfolio_id', 'as_of_date'],
    not_restated=[
        'active_return', 'sessions', 'session_coverage', 'up_sessions', 'down_sessions', 'beta_ex_ante',
        'tracking_error_factors', 'tracking_error_specific', 'benchmark_volatility',
        'benchmark_specific_volatility',
    ],
) }}

-- Risk of portfolios against their benchmarks: ex post from the returns of both, ex ante from what is held.
with active_returns as (
    select * from {{ ref('int_active_returns') }}
),

variances as (
    select * from {{ ref('int_active_variances') }}
),

joined as (
    select
        variances.*,
        active_returns.sessions,
        active_returns.observations,
        active_returns.up_sessions,
        active_returns.down_sessions,
        active_returns.mean_difference,
        active_returns.deviation,
        active_returns.beta,
        active_returns.up_capture,
        active_returns.down_capture,
        -- the only session so far is that of an opening balance
        case when active_returns.portfolio_id is null then 'too_few_sessions' else active_returns.null_reason end
            as ex_post_null_reason
    from variances
    left join active_returns
        on
            variances.portfolio_id = active_returns.portfolio_id
            and variances.as_of_date = active_returns.as_of_date
),

explained as (
    select
        *,
        coalesce(ex_post_null_reason, case when beta is null then 'no_variation' end) as beta_null_reason,
        coalesce(
            ex_post_null_reason,
            case when up_sessions < {{ var('benchmark_rules').capture_minimum }} then 'too_few_rising_sessions' end
        ) as up_capture_null_reason,
        coalesce(
            ex_post_null_reason,
            case when down_sessions < {{ var('benchmark_rules').capture_minimum }} then 'too_few_falling_sessions' end
        ) as down_capture_null_reason,
        -- P&L is in cents: smaller differences are roundings
        coalesce(ex_post_null_reason, case when not deviation * equity >= 0.01 then 'no_active_risk' end)
            as information_ratio_null_reason
    from joined
),

final as (
    select
        portfolio_id,
        as_of_date,
        benchmark_symbol,
        case when beta_null_reason is null then cast(beta as double precision) end as beta,
        beta_null_reason,
        case when up_capture_null_reason is null then cast(up_capture as double precision) end as up_capture,
        up_capture_null_reason,
        case when down_capture_null_reason is null then cast(down_capture as double precision) end as down_capture,
        down_capture_null_reason,
        case when ex_post_null_reason is null then cast(deviation * sqrt(252.0) as double precision) end
            as tracking_error_ex_post,
        case when ex_post_null_reason is null then cast(mean_difference * 252 as double precision) end
            as active_return,
        ex_post_null_reason,
        case
            when information_ratio_null_reason is null
                then cast(mean_difference / deviation * sqrt(252.0) as double precision)
        end as information_ratio,
        information_ratio_null_reason,
        cast(coalesce(observations, 0) as integer) as sessions,
        cast(observations as double precision) / sessions as session_coverage,
        cast(coalesce(up_sessions, 0) as integer) as up_sessions,
        cast(coalesce(down_sessions, 0) as integer) as down_sessions,
        case when null_reason is null then sqrt(factor_variance + specific_variance) end as tracking_error_ex_ante,
        case when null_reason is null then sqrt(factor_variance) end as tracking_error_factors,
        case when null_reason is null then sqrt(specific_variance) end as tracking_error_specific,
        case when null_reason is null then covariance_with_benchmark / nullif(benchmark_variance, 0) end
            as beta_ex_ante,
        null_reason as ex_ante_null_reason,
        sqrt(benchmark_variance) as benchmark_volatility,
        sqrt(benchmark_specific_variance) as benchmark_specific_volatility,
        coverage,
        coverage_of_equity
    from explained
)

select * from final
