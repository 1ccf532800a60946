-- GET /analytics/aggregate/overview: the sum of the portfolios at the close of one session. Percentages are 0 to 100 of
-- equity. No row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_top_positions, flagged_prices
with sums as (
    select *
    from udf.portfolios_overview(array(select portfolio_id from snapshots), %(as_of_date)s::date)
),

targets as (
    select *
    from udf.portfolios_target_returns(array(select portfolio_id from snapshots), %(as_of_date)s::date)
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'id', snapshots.portfolio_id,
                    'name', portfolios.portfolio_name,
                    'account_name', portfolios.account_name,
                    'net_asset_value', round(snapshots.equity, 2),
                    'total_value', round(snapshots.equity, 2),
                    'weight', round(weights.weight, 6)
                )
                order by snapshots.equity desc, snapshots.portfolio_id
            ),
            '[]'::json
        ) as body
    from snapshots
    inner join portfolios on snapshots.portfolio_id = portfolios.portfolio_id
    inner join
        udf.portfolios_weights(array(select portfolio_id from snapshots), %(as_of_date)s::date) as weights
        on snapshots.portfolio_id = weights.portfolio_id
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
)

select
    json_build_object(
        'available', totals.portfolio_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when totals.portfolio_count > 0 then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'portfolios', listed.body,
        'top_positions', top_positions.body,
        'equity_balance', round(totals.equity, 2),
        'net_asset_value', round(totals.equity, 2),
        'total_value', round(totals.equity, 2),
        'cash_balance', round(sums.cash, 2),
        'total_market_value', round(sums.net_market_value, 2),
        'leverage', round(sums.leverage, 6),
        'exposures', json_build_object(
            'long_exposure', round(sums.long_exposure, 2),
            'short_exposure', round(sums.short_exposure, 2),
            'gross_exposure', round(sums.gross_exposure, 2),
            'net_exposure', round(sums.net_exposure, 2),
            'long_percentage', round(100 * sums.long_to_equity, 4),
            'short_percentage', round(100 * sums.short_to_equity, 4),
            'gross_percentage', round(100 * sums.leverage, 4),
            'net_percentage', round(100 * sums.net_to_equity, 4)
        ),
        'pnl', json_build_object(
            'total_pnl', round(sums.cumulative_pnl, 2),
            'unrealized_pnl', round(sums.unrealized_pnl, 2),
            'realized_pnl', round(sums.cumulative_realized_pnl, 2),
            'dividends', round(sums.cumulative_dividends, 2),
            'ytd_pnl', round(sums.ytd_pnl, 2),
            'mtd_pnl', round(sums.mtd_pnl, 2),
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
            'expected_return_eoy', round(100 * targets.expected_return_eoy::numeric, 4),
            'expected_return_next_year', round(100 * targets.expected_return_next_year::numeric, 4),
            'downside_return', round(100 * targets.downside_return::numeric, 4),
            'coverage_pct', coalesce(round(100 * targets.coverage, 4), 0),
            'positions_with_targets', targets.positions_with_targets,
            'total_positions', totals.position_count,
            'last_updated', to_char(targets.target_updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
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
                    case
                        when totals.portfolio_count = 1 then 'One portfolio; '
                        else totals.portfolio_count || ' portfolios are added up; '
                    end,
                    totals.position_count - flagged.flagged_count, ' of ', totals.position_count,
                    ' positions are valued at a price of ', %(as_of_date)s::date, '; the others: ' || flagged.reasons,
                    '.'
                ),
                totals.price_notice
            ),
            'positions_analyzed', totals.position_count,
            'positions_total', totals.position_count,
            'positions_skipped', 0,
            'data_days', sums.session_count,
            'coverage_of_equity', 1,
            'positions_not_measured', '[]'::json
        )
    )::text as body
from totals
cross join sums
cross join targets
cross join listed
cross join top_positions
cross join flagged
