-- GET /analytics/portfolio/{id}/overview: one portfolio at the close of one session. Percentages are 0 to 100 of
-- equity. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, flagged_prices
with exposure as (
    select *
    from fct_portfolio_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

targets as (
    select *
    from udf.portfolios_target_returns(array[%(portfolio_id)s::uuid], %(as_of_date)s::date)
),

price_flags as (
    select
        price_flag,
        count(*) as position_count
    from fct_position_values
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date and is_open
    group by price_flag
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'as_of_date', snapshot.as_of_date,
            'equity_balance', round(snapshot.equity, 2),
            'net_asset_value', round(snapshot.equity, 2),
            'total_value', round(snapshot.equity, 2),
            'cash_balance', round(snapshot.cash, 2),
            'cash_and_equivalents', round(snapshot.cash_and_equivalents, 2),
            'initial_equity', round(portfolio.initial_equity, 2),
            'leverage', round(exposure.leverage::numeric, 6),
            'exposures', json_build_object(
                'long_exposure', round(exposure.long_exposure, 2),
                'short_exposure', round(exposure.short_exposure, 2),
                'gross_exposure', round(exposure.gross_exposure, 2),
                'net_exposure', round(exposure.net_exposure, 2),
                'long_percentage', round(100 * exposure.long_exposure / nullif(greatest(snapshot.equity, 0), 0), 4),
                'short_percentage', round(100 * exposure.short_exposure / nullif(greatest(snapshot.equity, 0), 0), 4),
                'gross_percentage', round(100 * exposure.gross_exposure / nullif(greatest(snapshot.equity, 0), 0), 4),
                'net_percentage', round(100 * exposure.net_exposure / nullif(greatest(snapshot.equity, 0), 0), 4)
            ),
            'pnl', json_build_object(
                'total_pnl', round(snapshot.cumulative_pnl, 2),
                'unrealized_pnl', round(snapshot.unrealized_pnl, 2),
                'realized_pnl', round(snapshot.cumulative_realized_pnl, 2),
                'dividends', round(snapshot.cumulative_dividends, 2),
                'ytd_pnl', round(snapshot.ytd_pnl, 2),
                'mtd_pnl', round(snapshot.mtd_pnl, 2),
                'daily_pnl', round(snapshot.daily_pnl, 2),
                'daily_return', round(snapshot.daily_return::numeric, 6)
            ),
            'position_count', json_build_object(
                'total_positions', snapshot.position_count,
                'long_count', snapshot.long_count,
                'short_count', snapshot.short_count,
                'option_count', snapshot.option_count,
                'private_count', snapshot.private_count
            ),
            'target_returns', json_build_object(
                'expected_return_eoy', round(100 * targets.expected_return_eoy::numeric, 4),
                'expected_return_next_year', round(100 * targets.expected_return_next_year::numeric, 4),
                'downside_return', round(100 * targets.downside_return::numeric, 4),
                'coverage_pct', coalesce(
                    round(100 * targets.positions_with_targets / nullif(snapshot.position_count, 0)::numeric, 4), 0
                ),
                'positions_with_targets', targets.positions_with_targets,
                'total_positions', snapshot.position_count,
                'last_updated', to_char(targets.target_updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            ),
            'price_source', snapshot.price_source,
            'data_quality', json_build_object(
                'flag', case
                    when snapshot.position_count = snapshot.private_count then 'no_public_positions'
                    when flagged.late_count > 0 then 'limited_history'
                    else 'full_history'
                end,
                'message', concat_ws(
                    ' ',
                    concat(
                        snapshot.position_count - flagged.flagged_count, ' of ', snapshot.position_count,
                        ' positions are valued at a price of ', snapshot.as_of_date,
                        '; the others: ' || flagged.reasons, '.'
                    ),
                    snapshot.price_notice
                ),
                'positions_analyzed', snapshot.position_count,
                'positions_total', snapshot.position_count,
                'positions_skipped', 0,
                'data_days', snapshot.session_count,
                'coverage_of_equity', case when snapshot.equity > 0 then 1 end,
                'positions_not_measured', '[]'::json
            ),
            'last_updated', to_char(%(published_at)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        )
    end::text as body
from portfolio
cross join flagged
cross join targets
left join snapshot on true
left join exposure on true
