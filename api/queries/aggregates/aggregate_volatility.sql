-- GET /analytics/aggregate/volatility: volatility of the portfolios' combined returns: on each session, total P&L over
-- total capital, without revaluations of private holdings. The forecast is the equity-weighted mean of the portfolios'
-- own: an upper bound. All figures are of the portfolios whose volatility is known; a mean that one of them lacks is
-- null. No row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_quality
with risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

-- of the portfolios that the volatility is of: without equity one has none, however well it is measured
analyzed as (
    select * from risk
    where realized_volatility_21d is not null or quality_flag = 'no_public_positions'
),

covered as materialized (
    select
        risk.portfolio_id,
        snapshots.equity,
        risk.forecast_volatility_21d,
        risk.realized_volatility_63d
    from risk
    inner join snapshots on risk.portfolio_id = snapshots.portfolio_id
    where risk.realized_volatility_21d is not null
),

whole as (
    select sum(equity) as equity from snapshots
    where equity > 0
),

base as (
    select
        count(*) as portfolio_count,
        count(covered.forecast_volatility_21d) = count(*) as has_every_forecast,
        count(covered.realized_volatility_63d) = count(*) as has_every_63d,
        100 * sum(covered.equity) / max(whole.equity) as equity_share
    from covered
    cross join whole
),

volatility as (
    select *
    from udf.portfolios_volatility(array(select portfolio_id from covered), %(as_of_date)s::date)
)

select
    json_build_object(
        'available', volatility.realized_volatility_21d is not null,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when volatility.realized_volatility_21d is not null then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'aggregate_volatility_21d', round(volatility.realized_volatility_21d::numeric, 6),
        'aggregate_volatility_63d', round(volatility.realized_volatility_63d::numeric, 6),
        'aggregate_expected_volatility_21d', case
            when base.has_every_forecast then round(volatility.weighted_forecast_volatility_21d::numeric, 6)
        end,
        'data', case
            when volatility.realized_volatility_21d is not null then json_build_object(
                'realized_volatility_21d', round(volatility.realized_volatility_21d::numeric, 6),
                'realized_volatility_63d', round(volatility.realized_volatility_63d::numeric, 6),
                'expected_volatility_21d', case
                    when base.has_every_forecast then round(volatility.weighted_forecast_volatility_21d::numeric, 6)
                end,
                'volatility_trend', volatility.volatility_trend,
                'volatility_percentile', round(volatility.volatility_percentile::numeric, 6),
                'equity_weighted_volatility_21d', round(volatility.weighted_volatility_21d::numeric, 6),
                'equity_weighted_volatility_63d', case
                    when base.has_every_63d then round(volatility.weighted_volatility_63d::numeric, 6)
                end,
                'portfolios_covered', base.portfolio_count,
                'equity_coverage_percentage', round(base.equity_share, 4)
            )
        end,
        'metadata', json_build_object(
            'method', 'returns of the portfolios together: public P&L added up over capital added up, as earned',
            'sessions', volatility.session_count,
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
            'data_days', volatility.return_count,
            'coverage_of_equity', round(quality.coverage_of_equity, 6),
            'positions_not_measured', named.positions_not_measured
        )
    )::text as body
from totals
cross join volatility
cross join base
cross join quality
cross join coverage
cross join named
