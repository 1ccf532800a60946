-- GET /analytics/portfolio/{id}/greeks: Greeks of the portfolio and of its option positions. No row: the portfolio is
-- not this user's. Null body: it begins after the session.
-- with portfolio_scope, open_positions, position_quality
with greeks as (
    select *
    from fct_portfolio_greeks
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

-- an option that settled on the date also has a row, but is no longer held
open_options as (
    select position_id
    from described
    where investment_class = 'OPTIONS'
),

judged as (
    select
        symbol,
        market_value,
        investment_class = 'PRIVATE' as is_private,
        is_cash_equivalent as is_cash,
        investment_class <> 'PRIVATE' and delta_adjusted_exposure is not null as is_measured,
        false as is_limited,
        1 as data_days
    from described
),

options as (
    select *
    from fct_position_greeks
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and position_id = any(array(select position_id from open_options))
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', position_id,
                    'symbol', symbol,
                    'underlying_symbol', underlying_symbol,
                    'underlying_price', round(underlying_price::numeric, 4),
                    'strike_price', round(strike_price, 4),
                    'expiration_date', expiration_date,
                    'exercise', exercise,
                    'implied_volatility', round(implied_volatility::numeric, 6),
                    'iv_source', iv_source,
                    'rate_flag', rate_flag,
                    'option_price', round(option_price, 4),
                    'price_flag', price_flag,
                    'delta', round(delta::numeric, 4),
                    'gamma', round(gamma::numeric, 4),
                    'theta', round(theta::numeric, 4),
                    'vega', round(vega::numeric, 4),
                    'rho', round(rho::numeric, 4),
                    'vanna', round(vanna::numeric, 4),
                    'volga', round(volga::numeric, 4),
                    'charm', round(charm::numeric, 4),
                    'position_delta', round(position_delta::numeric, 4),
                    'position_gamma', round(position_gamma::numeric, 4),
                    'position_theta', round(position_theta::numeric, 4),
                    'position_vega', round(position_vega::numeric, 4),
                    'position_rho', round(position_rho::numeric, 4),
                    'delta_dollars', round(delta_dollars::numeric, 2),
                    'gamma_dollars_1pct', round(gamma_dollars_1pct::numeric, 2),
                    'null_reason', null_reason
                )
                order by abs(delta_dollars) desc nulls last, symbol, position_id
            ),
            '[]'::json
        ) as body
    from options
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', coalesce(greeks.null_reason is null and greeks.portfolio_id is not null, false),
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case
                when greeks.null_reason is null and greeks.portfolio_id is not null then snapshot.as_of_date
            end,
            'data', case
                when greeks.null_reason is null and greeks.portfolio_id is not null then json_build_object(
                    'delta', round(greeks.delta::numeric, 4),
                    'gamma', round(greeks.gamma::numeric, 4),
                    'theta', round(greeks.theta::numeric, 4),
                    'vega', round(greeks.vega::numeric, 4),
                    'rho', round(greeks.rho::numeric, 4),
                    'delta_dollars', round(greeks.delta_dollars::numeric, 2),
                    'gamma_dollars_1pct', round(greeks.gamma_dollars_1pct::numeric, 2),
                    'option_count', greeks.option_count,
                    'options_without_greeks', greeks.options_without_greeks
                )
            end,
            'positions', listed.body,
            'metadata', json_build_object(
                'null_reason', greeks.null_reason,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', json_build_object(
                'flag', case
                    when greeks.portfolio_id is null then 'no_factor_data'
                    when greeks.null_reason = 'no_public_positions' then 'no_public_positions'
                    when greeks.null_reason is not null then 'no_factor_data'
                    when greeks.options_without_greeks > 0 and position_quality.quality_flag = 'full_history'
                        then 'limited_history'
                    else position_quality.quality_flag
                end,
                'message', concat_ws(
                    ' ',
                    case
                        when greeks.portfolio_id is null then 'Nothing of this was published for the session.'
                        when greeks.null_reason = 'no_public_positions'
                            then 'No public positions: there is nothing to compute this from.'
                        when greeks.option_count = 0 then 'No options are held: shares have a delta of one each.'
                        when greeks.options_without_greeks = 0 then 'Every option position has Greeks.'
                        else concat(
                            greeks.option_count - greeks.options_without_greeks, ' of ', greeks.option_count,
                            ' option positions have Greeks; the others are left out.'
                        )
                    end,
                    position_quality.coverage_message,
                    snapshot.price_notice
                ),
                'positions_analyzed', case
                    when greeks.null_reason is null and greeks.portfolio_id is not null
                        then snapshot.position_count - snapshot.private_count - greeks.options_without_greeks
                    else 0
                end,
                'positions_total', snapshot.position_count,
                'positions_skipped', case
                    when greeks.null_reason is null and greeks.portfolio_id is not null
                        then snapshot.private_count + greeks.options_without_greeks
                    else snapshot.position_count
                end,
                'data_days', case when greeks.null_reason is null and greeks.portfolio_id is not null then 1 else 0 end,
                'coverage_of_equity', round(position_quality.coverage_of_equity::numeric, 6),
                'positions_not_measured', coalesce(to_json(position_quality.positions_not_measured), '[]'::json)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join listed
left join position_quality on true
left join greeks on true
