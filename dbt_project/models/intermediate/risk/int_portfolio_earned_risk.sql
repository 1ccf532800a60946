{{ config(materialized='ephemeral') }}

-- Risk figures of the time-weighted daily returns of a portfolio: the Sharpe ratio in excess of the daily 3-month
-- Treasury yield, and the beta to the market over the market model's window.
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

snapshots as (
    {{ portfolio_rows(ref('fct_portfolio_snapshots'), since='(select min(sessions.as_of_date) from sessions)') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

market as (
    select * from {{ ref('factors') }}
    where model = 'market' and factor = 'Market'
),

market_returns as (
    select factor_returns.*
    from {{ ref('int_factor_returns') }} as factor_returns
    inner join market on factor_returns.symbol = market.proxy_symbol
),

rates as (
    select * from {{ ref('stg_raw__treasury_rates') }}
    where series = 'DGS3MO'
),

-- the newest rate of the last days, because the bond market has additional holidays
daily_rates as (
    select distinct on (sessions.as_of_date)
        sessions.as_of_date,
        rates.rate / 252 as daily_rate
    from sessions
    inner join rates
        on
            sessions.as_of_date >= rates.rate_date
            and rates.rate_date >= sessions.as_of_date - {{ var('stale_curve_days') }}
    order by sessions.as_of_date asc, rates.rate_date desc
),

-- As numeric: sums do not depend on the order of days, and are cheap over a moving window.
earned as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        sessions.session_number,
        snapshots.daily_return,
        snapshots.is_chain_broken,
        snapshots.public_daily_pnl <> 0 as has_market_pnl,
        market_returns.daily_return as market_return,
        cast(snapshots.daily_return - daily_rates.daily_rate as numeric(38, 12)) as excess_return,
        cast(
            snapshots.public_daily_pnl / nullif(snapshots.equity - snapshots.daily_pnl, 0) as numeric(38, 12)
        ) as market_earnings
    from snapshots
    inner join sessions on snapshots.as_of_date = sessions.as_of_date
    left join daily_rates on snapshots.as_of_date = daily_rates.as_of_date
    left join market_returns on snapshots.as_of_date = market_returns.as_of_date
),

sharpe as (
    select
        portfolio_id,
        as_of_date,
        is_chain_broken,
        count(excess_return) over recent as observations,
        count(daily_return) filter (where has_market_pnl) over recent as market_days,
        count(excess_return) filter (where has_market_pnl) over recent as market_days_with_rate,
        avg(excess_return) over recent as mean_excess_return,
        stddev_samp(excess_return) over recent as deviation,
        var_pop(excess_return) over recent as variance,
        avg(excess_return * market_earnings) over recent
        - avg(excess_return) over recent
        * avg(market_earnings) filter (where excess_return is not null) over recent as market_covariance
    from earned
    window recent as (
        partition by portfolio_id order by session_number
        range between {{ var('sharpe_window') - 1 }} preceding and current row
    )
),

judged as (
    select
        *,
        case
            when is_chain_broken then 'return_chain_broken'
            when market_days < {{ var('sharpe_minimum') }} then 'too_few_market_days'
            when market_days_with_rate < {{ var('sharpe_minimum') }} then 'no_risk_free_rate'
            -- marks of private holdings, the yield and cents also vary, but are no risk that earns a return
            when market_covariance >= {{ var('sharpe_market_share') }} * variance and variance > 0 then null
            else 'deviation_not_from_market'
        end as null_reason
    from sharpe
),

being_built as (
    select
        earned.portfolio_id,
        earned.as_of_date,
        earned.session_number
    from earned
    inner join windows
        on earned.portfolio_id = windows.portfolio_id and earned.as_of_date >= windows.from_date
),

-- Only for the dates being built: regression aggregates do not slide, each window is summed from its first day.
betas as (
    select
        being_built.portfolio_id,
        being_built.as_of_date,
        regr_count(earned.daily_return, earned.market_return order by earned.session_number) as observations,
        regr_count(earned.daily_return, earned.market_return) filter (where earned.has_market_pnl) as market_days,
        regr_slope(earned.daily_return, earned.market_return order by earned.session_number) as beta,
        -- undefined where the returns never vary
        case
            when regr_syy(earned.daily_return, earned.market_return) > 0
                then regr_r2(earned.daily_return, earned.market_return order by earned.session_number)
        end as r_squared
    from being_built
    cross join market
    inner join earned
        on
            being_built.portfolio_id = earned.portfolio_id
            and earned.session_number
            between being_built.session_number - market.window_days + 1 and being_built.session_number
    group by being_built.portfolio_id, being_built.as_of_date
),

final as (
    select
        betas.portfolio_id,
        betas.as_of_date,
        judged.observations as sharpe_observations,
        case
            when judged.null_reason is null
                then cast(judged.mean_excess_return / judged.deviation * sqrt(252) as double precision)
        end as sharpe_ratio,
        judged.null_reason as sharpe_null_reason,
        betas.observations as return_beta_observations,
        case when judged_beta.null_reason is null then betas.beta end as return_beta,
        case when judged_beta.null_reason is null then betas.r_squared end as return_beta_r_squared,
        judged_beta.null_reason as return_beta_null_reason
    from betas
    cross join market
    inner join judged on betas.portfolio_id = judged.portfolio_id and betas.as_of_date = judged.as_of_date
    cross join lateral (
        select
            case
                when judged.is_chain_broken then 'return_chain_broken'
                when betas.market_days < market.min_observations then 'too_few_market_days'
            end as null_reason
    ) as judged_beta
)

select * from final
