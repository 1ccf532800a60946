-- GET /analytics/aggregate/breakdown: what each portfolio contributes to the total, largest first. No row: a named
-- portfolio is not this user's.
-- with aggregate_scope, aggregate_top_positions, aggregate_quality
with risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

analyzed as (
    select * from risk
),

-- of the market model, which needs more returns than the risk model of the other figures
market_beta as (
    select
        portfolio_id,
        coverage
    from fct_portfolio_factor_exposures
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
),

exposures as (
    select *
    from fct_portfolio_exposures
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

weights as (
    select *
    from udf.portfolios_weights(array(select portfolio_id from snapshots), %(as_of_date)s::date)
),

sessions as materialized (
    select as_of_date
    from dim_dates
    where
        is_trading_day
        and as_of_date <= %(as_of_date)s::date
        and as_of_date > %(as_of_date)s::date - 2 * %(series_days)s - 10
        and %(include_series)s
    order by as_of_date desc
    limit %(series_days)s
),

past as materialized (
    select
        portfolio_id,
        as_of_date,
        equity
    from fct_portfolio_snapshots
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date between (select min(sessions.as_of_date) from sessions) and %(as_of_date)s::date
),

-- only sessions on which one of them had begun
begun as materialized (
    select as_of_date
    from sessions
    where as_of_date >= (select min(past.as_of_date) from past)
),

series as (
    select
        snapshots.portfolio_id,
        json_agg(round(past.equity, 2) order by begun.as_of_date) as equities
    from snapshots
    cross join begun
    left join past on snapshots.portfolio_id = past.portfolio_id and begun.as_of_date = past.as_of_date
    group by snapshots.portfolio_id
),

series_dates as (
    select coalesce(json_agg(as_of_date order by as_of_date), '[]'::json) as body
    from begun
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'id', snapshots.portfolio_id,
                    'portfolio_id', snapshots.portfolio_id,
                    'name', portfolios.portfolio_name,
                    'account_name', portfolios.account_name,
                    'net_asset_value', round(snapshots.equity, 2),
                    'total_value', round(snapshots.equity, 2),
                    'weight', round(weights.weight, 6),
                    'total_market_value', round(snapshots.net_market_value, 2),
                    'cash_balance', round(snapshots.cash, 2),
                    'gross_exposure', round(exposures.gross_exposure, 2),
                    'net_exposure', round(exposures.net_exposure, 2),
                    'leverage', round(exposures.leverage::numeric, 6),
                    'ratio_null_reason', exposures.ratio_null_reason,
                    'daily_pnl', round(snapshots.daily_pnl, 2),
                    'daily_return', round(snapshots.daily_return::numeric, 6),
                    'daily_return_null_reason', snapshots.daily_return_null_reason,
                    'total_pnl', round(snapshots.cumulative_pnl, 2),
                    'position_count', snapshots.position_count,
                    'public_price_coverage', round(snapshots.public_price_coverage::numeric, 6),
                    'market_beta', round(risk.market_beta::numeric, 6),
                    'market_beta_coverage', case
                        when risk.market_beta is not null then round(market_beta.coverage::numeric, 6)
                    end,
                    'realized_volatility_21d', round(risk.realized_volatility_21d::numeric, 6),
                    'var_95_1d', round(risk.var_95_1d::numeric, 2),
                    'quality_flag', coalesce(risk.quality_flag, 'no_factor_data'),
                    'equity_series', series.equities
                )
                order by snapshots.equity desc, snapshots.portfolio_id
            ),
            '[]'::json
        ) as body
    from snapshots
    inner join portfolios on snapshots.portfolio_id = portfolios.portfolio_id
    inner join weights on snapshots.portfolio_id = weights.portfolio_id
    left join exposures on snapshots.portfolio_id = exposures.portfolio_id
    left join risk on snapshots.portfolio_id = risk.portfolio_id
    left join market_beta on snapshots.portfolio_id = market_beta.portfolio_id
    left join series on snapshots.portfolio_id = series.portfolio_id
)

select
    json_build_object(
        'available', totals.portfolio_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when totals.portfolio_count > 0 then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'net_asset_value', round(totals.equity, 2),
        'total_value', round(totals.equity, 2),
        'portfolios', listed.body,
        'series_dates', case when %(include_series)s then series_dates.body end,
        'top_positions', top_positions.body,
        'metadata', json_build_object(
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', data_quality.body
    )::text as body
from totals
cross join listed
cross join series_dates
cross join top_positions
cross join data_quality
