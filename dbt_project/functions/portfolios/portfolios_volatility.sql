{%- set rules = var('volatility_rules') -%}
{%- set minimum_share = 'cast(' ~ rules.minimum_share ~ ' as double precision)' -%}
{%- set threshold = 'cast(' ~ rules.trend_threshold ~ ' as double precision)' -%}
{#- calendar days that cover the ranked sessions and the window of the first of them -#}
{%- set history = (1.465 * (rules.percentile_window + rules.short_window)) | round | int -%}
-- Daily P&L of all portfolios over the capital it was earned on, without valuation changes of private holdings.
with days as (
    select
        as_of_date,
        cast(
            sum(public_daily_pnl) / nullif(greatest(sum(equity - daily_pnl), 0), 0) as double precision
        ) as daily_return,
        row_number() over (order by as_of_date desc) as days_ago
    from {{ mart('fct_portfolio_snapshots') }}
    where
        portfolio_id = any(portfolio_ids)
        and as_of_date <= portfolios_volatility.as_of_date
        and as_of_date > portfolios_volatility.as_of_date - {{ history }}
    group by as_of_date
),

rolling as (
    select
        days_ago,
        case
            when count(daily_return) over short_window >= {{ minimum_share }} * {{ rules.short_window }}
                then stddev_samp(daily_return) over short_window
        end * sqrt(252) as short_volatility,
        case
            when count(daily_return) over long_window >= {{ minimum_share }} * {{ rules.long_window }}
                then stddev_samp(daily_return) over long_window
        end * sqrt(252) as long_volatility
    from days
    window
        short_window as (order by days_ago desc rows between {{ rules.short_window - 1 }} preceding and current row),
        long_window as (order by days_ago desc rows between {{ rules.long_window - 1 }} preceding and current row)
),

weighted as (
    select
        sum(snapshots.equity * risk.realized_volatility_21d) filter (where snapshots.equity > 0)
        / sum(snapshots.equity) filter (where snapshots.equity > 0 and risk.realized_volatility_21d is not null)
            as volatility_21d,
        sum(snapshots.equity * risk.realized_volatility_63d) filter (where snapshots.equity > 0)
        / sum(snapshots.equity) filter (where snapshots.equity > 0 and risk.realized_volatility_63d is not null)
            as volatility_63d,
        sum(snapshots.equity * risk.forecast_volatility_21d) filter (where snapshots.equity > 0)
        / sum(snapshots.equity) filter (where snapshots.equity > 0 and risk.forecast_volatility_21d is not null)
            as forecast_21d,
        bool_or(risk.quality_flag not in ('no_public_positions', 'no_factor_data')) as has_public_positions
    from {{ mart('fct_portfolio_snapshots') }} as snapshots
    inner join {{ mart('fct_portfolio_risk') }} as risk
        on snapshots.portfolio_id = risk.portfolio_id and snapshots.as_of_date = risk.as_of_date
    where
        snapshots.portfolio_id = any(portfolio_ids)
        and snapshots.as_of_date = portfolios_volatility.as_of_date
        and risk.portfolio_id = any(portfolio_ids)
        and risk.as_of_date = portfolios_volatility.as_of_date
),

-- Without public positions the volatility is unknown, although every day's public P&L is 0.
now_and_then as (
    select
        max(short_volatility) filter (
            where days_ago = 1 and (select weighted.has_public_positions from weighted)
        ) as short_now,
        max(long_volatility) filter (where days_ago = 1) as long_now,
        max(short_volatility) filter (where days_ago = {{ rules.trend_lag + 1 }}) as short_then,
        count(short_volatility) filter (where days_ago <= {{ rules.percentile_window }}) as known_days
    from rolling
),

ranked as (
    select
        count(*) filter (where rolling.short_volatility <= now_and_then.short_now)
        / cast(nullif(count(rolling.short_volatility), 0) as double precision) as percentile
    from rolling
    cross join now_and_then
    where
        rolling.days_ago <= {{ rules.percentile_window }}
        and now_and_then.known_days >= {{ rules.minimum_rows }}
)

select
    now_and_then.short_now as realized_volatility_21d,
    case when now_and_then.short_now is not null then now_and_then.long_now end as realized_volatility_63d,
    weighted.forecast_21d as weighted_forecast_volatility_21d,
    weighted.volatility_21d as weighted_volatility_21d,
    weighted.volatility_63d as weighted_volatility_63d,
    case
        when now_and_then.short_now > (1 + {{ threshold }}) * now_and_then.short_then then 'increasing'
        when now_and_then.short_now < (1 - {{ threshold }}) * now_and_then.short_then then 'decreasing'
        when now_and_then.short_now is not null and now_and_then.short_then is not null then 'stable'
    end as volatility_trend,
    case when now_and_then.short_now is not null then ranked.percentile end as volatility_percentile,
    (select count(*) from days) as session_count,
    (select count(days.daily_return) from days) as return_count
from now_and_then
cross join ranked
cross join weighted
