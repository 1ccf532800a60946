-- GET /analytics/portfolio/{id}/option-pnl-explain: the P&L of options over the range, by the Greeks. No row: the
-- portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, attribution_range, option_pnl
with option_pnl_range as (
    select
        period,
        from_date,
        to_date
    from attribution_range
    where sessions > 0
),

named as (
    select
        option_pnl.*,
        dim_positions.position_type,
        dim_positions.strike_price,
        dim_positions.expiration_date
    from option_pnl
    inner join dim_positions
        on
            option_pnl.position_id = dim_positions.position_id
            and dim_positions.portfolio_id = any(array(select portfolio_id from portfolio))
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', position_id,
                    'symbol', symbol,
                    'underlying_symbol', underlying_symbol,
                    'position_type', position_type,
                    'strike_price', round(strike_price, 4),
                    'expiration_date', expiration_date,
                    'sessions', sessions,
                    'pnl', pnl,
                    'trade_pnl', trade_pnl,
                    'delta_pnl', delta_pnl,
                    'gamma_pnl', gamma_pnl,
                    'theta_pnl', theta_pnl,
                    'vega_pnl', vega_pnl,
                    'rho_pnl', rho_pnl,
                    'residual', residual,
                    'unexplained_pnl', unexplained_pnl,
                    'null_reason', null_reason,
                    'coverage', round(explained_sessions::numeric / sessions, 6)
                )
                order by abs(pnl) desc, symbol, position_id
            ),
            '[]'::json
        ) as body,
        sum(pnl) as pnl,
        sum(trade_pnl) as trade_pnl,
        sum(delta_pnl) as delta_pnl,
        sum(gamma_pnl) as gamma_pnl,
        sum(theta_pnl) as theta_pnl,
        sum(vega_pnl) as vega_pnl,
        sum(rho_pnl) as rho_pnl,
        sum(residual) as residual,
        sum(unexplained_pnl) as unexplained_pnl,
        sum(explained_sessions) / sum(sessions) as coverage,
        min(null_reason) as null_reason,
        (array_agg(symbol order by abs(unexplained_pnl) desc, symbol) filter (where null_reason is not null))[:10]
            as not_measured
    from named
),

checked as (
    select
        attribution_range.*,
        attribution_range.sessions > 0
        and (listed.row_count > 0 or snapshot.position_count > snapshot.private_count) as is_explained
    from attribution_range
    cross join listed
    cross join snapshot
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', checked.is_explained,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when checked.is_explained then snapshot.as_of_date end,
            'positions', listed.body,
            'totals', case
                when listed.row_count > 0 then json_build_object(
                    'pnl', listed.pnl,
                    'trade_pnl', listed.trade_pnl,
                    'delta_pnl', listed.delta_pnl,
                    'gamma_pnl', listed.gamma_pnl,
                    'theta_pnl', listed.theta_pnl,
                    'vega_pnl', listed.vega_pnl,
                    'rho_pnl', listed.rho_pnl,
                    'residual', listed.residual,
                    'unexplained_pnl', listed.unexplained_pnl,
                    'null_reason', listed.null_reason,
                    'coverage', round(listed.coverage, 6)
                )
            end,
            'metadata', json_build_object(
                'period', checked.period,
                'from', checked.from_date,
                'to', checked.to_date,
                'sessions', checked.sessions,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', json_build_object(
                'flag', case
                    when snapshot.position_count = snapshot.private_count then 'no_public_positions'
                    when listed.coverage < 1 then 'partially_covered'
                    else 'full_history'
                end,
                'message', concat_ws(
                    ' ',
                    case
                        when checked.sessions = 0
                            then 'The portfolio has no session in the range, or is younger than it.'
                        when not checked.is_explained then 'No public positions: there are no options to explain.'
                        when listed.row_count = 0 then 'No options were held in the range.'
                        when listed.coverage < 1
                            then concat(
                                listed.row_count, ' option positions over ', checked.sessions,
                                ' sessions; on some their Greeks, volatilities or prices are missing.'
                            )
                        else concat(listed.row_count, ' option positions over ', checked.sessions, ' sessions.')
                    end,
                    snapshot.price_notice
                ),
                'positions_analyzed', case when checked.is_explained then snapshot.position_count else 0 end,
                'positions_total', snapshot.position_count,
                'positions_skipped', case when checked.is_explained then 0 else snapshot.position_count end,
                'data_days', case when checked.is_explained then checked.sessions else 0 end,
                'coverage_of_equity', case when checked.is_explained then 1 else 0 end,
                'positions_not_measured', coalesce(to_json(listed.not_measured), '[]'::json)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join listed
left join checked on true
