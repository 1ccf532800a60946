-- GET /analytics/portfolio/{id}/value-at-risk: value at risk and expected shortfall by four methods, and their
-- backtests. No row: the portfolio is not this user's. Null body: it begins after the session.
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
                    'is_cornish_fisher_monotone', risk.is_cornish_fisher_monotone,
                    'cornish_fisher_null_reason', risk.cornish_fisher_null_reason,
                    'scenario_days', risk.scenario_days
                )
            end,
            'backtest', backtests.body,
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
left join risk on true
