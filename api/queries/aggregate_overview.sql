-- GET /analytics/aggregate/overview: the portfolios added up at the close of one session. Percentages are 0 to 100 of
-- equity. No row: a named portfolio is not this user's.
-- with aggregate_scope, flagged_prices
with exposures as (
    select
        coalesce(sum(long_exposure), 0) as long_exposure,
        coalesce(sum(short_exposure), 0) as short_exposure,
        coalesce(sum(gross_exposure), 0) as gross_exposure,
        coalesce(sum(net_exposure), 0) as net_exposure
    from fct_portfolio_exposures
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

history as (
    select
        count(distinct as_of_date) as data_days,
        coalesce(
            sum(daily_pnl) filter (where as_of_date >= date_trunc('year', %(as_of_date)s::date)::date), 0
        ) as ytd_pnl,
        coalesce(
            sum(daily_pnl) filter (where as_of_date >= date_trunc('month', %(as_of_date)s::date)::date), 0
        ) as mtd_pnl
    from fct_portfolio_snapshots
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date <= %(as_of_date)s::date
),

-- A target without a price to expect a return from covers nothing.
targets as (
    select
        sum(prices.contribution_to_portfolio_return * snapshots.equity) as expected_eoy,
        sum(abs(prices.position_weight) * prices.expected_return_next_year * snapshots.equity) as expected_next_year,
        sum(abs(prices.position_weight) * prices.downside_return * snapshots.equity) as downside,
        coalesce(sum(prices.position_count) filter (where prices.expected_return_eoy is not null), 0)
            as position_count,
        max(prices.target_updated_at) as updated_at
    from fct_target_prices as prices
    inner join snapshots on prices.portfolio_id = snapshots.portfolio_id
    where
        prices.portfolio_id = any(array(select portfolio_id from snapshots))
        and prices.as_of_date = %(as_of_date)s::date
),

price_flags as (
    select
        price_flag,
        count(*) as position_count
    from fct_position_values
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and is_open
    group by price_flag
),

sums as (
    select
        coalesce(sum(cash), 0) as cash,
        coalesce(sum(net_market_value), 0) as net_market_value,
        coalesce(sum(cumulative_pnl), 0) as total_pnl,
        coalesce(sum(unrealized_pnl), 0) as unrealized_pnl,
        coalesce(sum(cumulative_realized_pnl), 0) as realized_pnl,
        coalesce(sum(cumulative_dividends), 0) as dividends,
        coalesce(sum(daily_pnl), 0) as daily_pnl,
        sum(daily_pnl) / nullif(greatest(sum(equity - daily_pnl), 0), 0) as daily_return,
        coalesce(sum(long_count), 0) as long_count,
        coalesce(sum(short_count), 0) as short_count,
        coalesce(sum(option_count), 0) as option_count,
        nullif(greatest(sum(equity), 0), 0) as positive_equity
    from snapshots
)

select
    json_build_object(
        'available', totals.portfolio_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when totals.portfolio_count > 0 then %(as_of_date)s::date end,
        'equity_balance', round(totals.equity, 2),
        'net_asset_value', round(totals.equity, 2),
        'total_value', round(totals.equity, 2),
        'cash_balance', round(sums.cash, 2),
        'total_market_value', round(sums.net_market_value, 2),
        'leverage', round(exposures.gross_exposure / sums.positive_equity, 6),
        'exposures', json_build_object(
            'long_exposure', round(exposures.long_exposure, 2),
            'short_exposure', round(exposures.short_exposure, 2),
            'gross_exposure', round(exposures.gross_exposure, 2),
            'net_exposure', round(exposures.net_exposure, 2),
            'long_percentage', round(100 * exposures.long_exposure / sums.positive_equity, 4),
            'short_percentage', round(100 * exposures.short_exposure / sums.positive_equity, 4),
            'gross_percentage', round(100 * exposures.gross_exposure / sums.positive_equity, 4),
            'net_percentage', round(100 * exposures.net_exposure / sums.positive_equity, 4)
        ),
        'pnl', json_build_object(
            'total_pnl', round(sums.total_pnl, 2),
            'unrealized_pnl', round(sums.unrealized_pnl, 2),
            'realized_pnl', round(sums.realized_pnl, 2),
            'dividends', round(sums.dividends, 2),
            'ytd_pnl', round(history.ytd_pnl, 2),
            'mtd_pnl', round(history.mtd_pnl, 2),
            'daily_pnl', round(sums.daily_pnl, 2),
            'daily_return', round(sums.daily_return, 6)
        ),
        'position_count', json_build_object(
            'total_positions', totals.position_count,
            'long_count', sums.long_count,
            'short_count', sums.short_count,
            'option_count', sums.option_count,
            'private_count', totals.private_count
        ),
        'target_returns', json_build_object(
            'expected_return_eoy', round((targets.expected_eoy / sums.positive_equity)::numeric, 6),
            'expected_return_next_year', round((targets.expected_next_year / sums.positive_equity)::numeric, 6),
            'downside_return', round((targets.downside / sums.positive_equity)::numeric, 6),
            'coverage_pct', coalesce(
                round(100 * targets.position_count / nullif(totals.position_count, 0)::numeric, 4), 0
            ),
            'positions_with_targets', targets.position_count,
            'total_positions', totals.position_count,
            'last_updated', to_char(targets.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        ),
        'last_updated', to_char(%(published_at)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'metadata', json_build_object(
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', json_build_object(
            'flag', case
                when totals.position_count = totals.private_count then 'no_public_positions'
                when flagged.late_count > 0 then 'limited_history'
                else 'full_history'
            end,
            'message', concat_ws(
                ' ',
                concat(
                    totals.portfolio_count, ' portfolios are added up; ',
                    totals.position_count - flagged.flagged_count, ' of ', totals.position_count,
                    ' positions are valued at a price of ', %(as_of_date)s::date, '; the others: ' || flagged.reasons,
                    '.'
                ),
                totals.price_notice
            ),
            'positions_analyzed', totals.position_count,
            'positions_total', totals.position_count,
            'positions_skipped', 0,
            'data_days', history.data_days
        )
    )::text as body
from totals
cross join sums
cross join exposures
cross join history
cross join targets
cross join flagged
