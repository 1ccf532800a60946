-- GET /analytics/portfolio/{id}/volatility: volatility of the returns that the holdings at the close would have had. No
-- row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', risk.realized_volatility_21d is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when risk.realized_volatility_21d is not null then snapshot.as_of_date end,
            'data', case
                when risk.realized_volatility_21d is not null then json_build_object(
                    'realized_volatility_21d', round(risk.realized_volatility_21d::numeric, 6),
                    'realized_volatility_63d', round(risk.realized_volatility_63d::numeric, 6),
                    'expected_volatility_21d', round(risk.forecast_volatility_21d::numeric, 6),
                    'volatility_trend', risk.volatility_trend,
                    'volatility_percentile', round(risk.volatility_percentile::numeric, 6),
                    'forecast_model', risk.forecast_model,
                    'forecasts', json_build_object(
                        'garch', round(risk.forecast_volatility_21d_garch::numeric, 6),
                        'ewma', round(risk.forecast_volatility_21d_ewma::numeric, 6),
                        'har', round(risk.forecast_volatility_21d_har::numeric, 6)
                    ),
                    'forecast_r_squared', round(risk.har_r_squared::numeric, 6),
                    'is_forecast_fallback', risk.is_forecast_fallback,
                    'proxied_share', round(risk.proxied_share::numeric, 6)
                )
            end,
            'metadata', json_build_object(
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
left join risk on true
