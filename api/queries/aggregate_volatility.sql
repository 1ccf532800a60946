-- GET /analytics/aggregate/volatility: of the returns that the portfolios had together: on each session, P&L added
-- up over the capital it was earned on, without what private holdings were marked up or down. The forecast is the
-- portfolios' own, weighted by equity: an upper bound.
-- No row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_quality
with risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

analyzed as (
    select * from risk
),

days as (
    select
        as_of_date,
        (sum(public_daily_pnl) / nullif(greatest(sum(equity - daily_pnl), 0), 0))::double precision as daily_return,
        row_number() over (order by as_of_date desc) as days_ago
    from fct_portfolio_snapshots
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date <= %(as_of_date)s::date
        and as_of_date > %(as_of_date)s::date - 400
    group by as_of_date
),

-- the standard deviation of two thirds of the returns of a window at least, as for a portfolio
rolling as (
    select
        days_ago,
        case
            when count(daily_return) over last_21 >= %(minimum_share)s::double precision * 21
                then stddev_samp(daily_return) over last_21
        end * sqrt(252) as volatility_21d,
        case
            when count(daily_return) over last_63 >= %(minimum_share)s::double precision * 63
                then stddev_samp(daily_return) over last_63
        end * sqrt(252) as volatility_63d
    from days
    window
        last_21 as (order by days_ago desc rows between 20 preceding and current row),
        last_63 as (order by days_ago desc rows between 62 preceding and current row)
),

-- Without public positions nothing is known of a volatility, though every day's public P&L is 0.
now_and_then as (
    select
        max(volatility_21d) filter (
            where days_ago = 1 and (select flag from quality) in ('full_history', 'limited_history')
        ) as volatility_21d,
        max(volatility_63d) filter (where days_ago = 1) as volatility_63d,
        max(volatility_21d) filter (where days_ago = 11) as volatility_then,
        count(volatility_21d) filter (where days_ago <= 252) as known_days
    from rolling
),

ranked as (
    select
        count(*) filter (where rolling.volatility_21d <= now_and_then.volatility_21d)
        / nullif(count(rolling.volatility_21d), 0)::double precision as percentile
    from rolling
    cross join now_and_then
    where rolling.days_ago <= 252 and now_and_then.known_days >= %(minimum_share)s::double precision * 252
),

weighted as (
    select
        sum(snapshots.equity * risk.realized_volatility_21d)
        / sum(snapshots.equity) filter (where risk.realized_volatility_21d is not null) as volatility_21d,
        sum(snapshots.equity * risk.realized_volatility_63d)
        / sum(snapshots.equity) filter (where risk.realized_volatility_63d is not null) as volatility_63d,
        sum(snapshots.equity * risk.forecast_volatility_21d)
        / sum(snapshots.equity) filter (where risk.forecast_volatility_21d is not null) as forecast_21d
    from snapshots
    inner join risk on snapshots.portfolio_id = risk.portfolio_id
    where snapshots.equity > 0
)

select
    json_build_object(
        'available', now_and_then.volatility_21d is not null,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when now_and_then.volatility_21d is not null then %(as_of_date)s::date end,
        'data', case
            when now_and_then.volatility_21d is not null then json_build_object(
                'realized_volatility_21d', round(now_and_then.volatility_21d::numeric, 6),
                'realized_volatility_63d', round(now_and_then.volatility_63d::numeric, 6),
                'expected_volatility_21d', round(weighted.forecast_21d::numeric, 6),
                'volatility_trend', case
                    when
                        now_and_then.volatility_21d > (1 + %(trend)s::double precision) * now_and_then.volatility_then
                        then 'increasing'
                    when
                        now_and_then.volatility_21d < (1 - %(trend)s::double precision) * now_and_then.volatility_then
                        then 'decreasing'
                    when now_and_then.volatility_then is not null then 'stable'
                end,
                'volatility_percentile', round(ranked.percentile::numeric, 6),
                'equity_weighted_volatility_21d', round(weighted.volatility_21d::numeric, 6),
                'equity_weighted_volatility_63d', round(weighted.volatility_63d::numeric, 6)
            )
        end,
        'metadata', json_build_object(
            'method', 'returns of the portfolios together: public P&L added up over capital added up, as earned',
            'sessions', (select count(*) from days),
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', json_build_object(
            'flag', quality.flag,
            'message', coverage.message,
            'positions_analyzed', quality.positions_analyzed,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - quality.positions_analyzed,
            'data_days', (select count(daily_return) from days)
        )
    )::text as body
from totals
cross join now_and_then
cross join ranked
cross join weighted
cross join quality
cross join coverage
