-- GET /analytics/portfolio/{id}/value-at-risk: value at risk and expected shortfall by four methods and over a fixed
-- bad window, and their backtests. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with backtests as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'method', method,
                    'pnl_basis', pnl_basis,
                    'confidence', confidence,
                    'observations', observations,
                    'breaches', breaches,
                    'expected_breaches', round(expected_breaches::numeric, 4),
                    'kupiec_p_value', round(kupiec_p_value::numeric, 6),
                    'christoffersen_p_value', round(christoffersen_p_value::numeric, 6),
                    'traffic_light', traffic_light
                )
                order by method desc, pnl_basis desc, confidence
            ),
            '[]'::json
        ) as body
    from fct_var_backtest
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

sessions as materialized (
    select
        as_of_date,
        previous_trading_day
    from dim_dates
    where
        is_trading_day
        and as_of_date <= %(as_of_date)s::date
        and as_of_date > %(as_of_date)s::date - 2 * %(max_days)s - 10
        and %(include_daily)s
    order by as_of_date desc
    limit %(max_days)s
),

outcomes as materialized (
    select
        as_of_date,
        hypothetical_pnl,
        public_daily_pnl
    from fct_portfolio_snapshots
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date between (select min(sessions.as_of_date) from sessions) and %(as_of_date)s::date
),

-- of the session before, with which each outcome is compared
forecasts as materialized (
    select
        as_of_date,
        var_95_1d,
        var_99_1d,
        var_95_1d_filtered,
        var_99_1d_filtered
    from fct_portfolio_risk
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date between (select min(sessions.previous_trading_day) from sessions) and %(as_of_date)s::date
),

daily as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'date', sessions.as_of_date,
                    'forecast_date', sessions.previous_trading_day,
                    'hypothetical_pnl', round(outcomes.hypothetical_pnl, 2),
                    'actual_pnl', round(outcomes.public_daily_pnl, 2),
                    'historical', json_build_object(
                        'var_95_1d', round(forecasts.var_95_1d::numeric, 2),
                        'var_99_1d', round(forecasts.var_99_1d::numeric, 2),
                        'is_breach_95', -outcomes.hypothetical_pnl > forecasts.var_95_1d,
                        'is_breach_99', -outcomes.hypothetical_pnl > forecasts.var_99_1d
                    ),
                    'filtered', json_build_object(
                        'var_95_1d', round(forecasts.var_95_1d_filtered::numeric, 2),
                        'var_99_1d', round(forecasts.var_99_1d_filtered::numeric, 2),
                        'is_breach_95', -outcomes.hypothetical_pnl > forecasts.var_95_1d_filtered,
                        'is_breach_99', -outcomes.hypothetical_pnl > forecasts.var_99_1d_filtered
                    )
                )
                order by sessions.as_of_date
            ),
            '[]'::json
        ) as body
    from sessions
    inner join outcomes on sessions.as_of_date = outcomes.as_of_date
    inner join forecasts on sessions.previous_trading_day = forecasts.as_of_date
    where outcomes.hypothetical_pnl is not null
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', risk.var_95_1d is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when risk.var_95_1d is not null then snapshot.as_of_date end,
            'data', case
                when risk.var_95_1d is not null then json_build_object(
                    'historical', json_build_object(
                        'var_95_1d', round(risk.var_95_1d::numeric, 2),
                        'var_99_1d', round(risk.var_99_1d::numeric, 2),
                        'es_95_1d', round(risk.es_95_1d::numeric, 2),
                        'es_99_1d', round(risk.es_99_1d::numeric, 2)
                    ),
                    'filtered', json_build_object(
                        'var_95_1d', round(risk.var_95_1d_filtered::numeric, 2),
                        'var_99_1d', round(risk.var_99_1d_filtered::numeric, 2),
                        'es_95_1d', round(risk.es_95_1d_filtered::numeric, 2),
                        'es_99_1d', round(risk.es_99_1d_filtered::numeric, 2)
                    ),
                    'parametric', json_build_object(
                        'var_95_1d', round(risk.var_95_1d_parametric::numeric, 2),
                        'var_99_1d', round(risk.var_99_1d_parametric::numeric, 2),
                        'es_95_1d', round(risk.es_95_1d_parametric::numeric, 2),
                        'es_99_1d', round(risk.es_99_1d_parametric::numeric, 2)
                    ),
                    'cornish_fisher', json_build_object(
                        'var_95_1d', round(risk.var_95_1d_cornish_fisher::numeric, 2),
                        'var_99_1d', round(risk.var_99_1d_cornish_fisher::numeric, 2),
                        'es_95_1d', round(risk.es_95_1d_cornish_fisher::numeric, 2),
                        'es_99_1d', round(risk.es_99_1d_cornish_fisher::numeric, 2)
                    ),
                    'ten_days', json_build_object(
                        'var_95_10d', round(risk.var_95_10d::numeric, 2),
                        'var_99_10d', round(risk.var_99_10d::numeric, 2)
                    ),
                    'of_equity', json_build_object(
                        'var_95_1d', round(risk.var_95_1d_pct_equity::numeric, 6),
                        'var_99_1d', round(risk.var_99_1d_pct_equity::numeric, 6),
                        'es_95_1d', round(risk.es_95_1d_pct_equity::numeric, 6),
                        'es_99_1d', round(risk.es_99_1d_pct_equity::numeric, 6),
                        'var_95_10d', round(risk.var_95_10d_pct_equity::numeric, 6),
                        'var_99_10d', round(risk.var_99_10d_pct_equity::numeric, 6)
                    ),
                    'stressed', json_build_object(
                        'var_95_1d', round(risk.var_95_1d_stressed::numeric, 2),
                        'var_99_1d', round(risk.var_99_1d_stressed::numeric, 2),
                        'es_95_1d', round(risk.es_95_1d_stressed::numeric, 2),
                        'es_99_1d', round(risk.es_99_1d_stressed::numeric, 2),
                        'window_start', risk.stressed_window_start,
                        'window_end', risk.stressed_window_end,
                        'scenario_days', risk.stressed_scenario_days,
                        'proxied_share', round(risk.stressed_proxied_share::numeric, 6),
                        'null_reason', risk.stressed_null_reason
                    ),
                    'is_cornish_fisher_monotone', risk.is_cornish_fisher_monotone,
                    'cornish_fisher_null_reason', risk.cornish_fisher_null_reason,
                    'scenario_days', risk.scenario_days
                )
            end,
            'backtest', backtests.body,
            'daily', case when %(include_daily)s then daily.body end,
            'metadata', json_build_object(
                'equity', round(snapshot.equity, 2),
                'coverage', round(risk.coverage::numeric, 6),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join backtests
cross join daily
left join risk on true
