-- GET /analytics/portfolio/{id}/volatility: of the returns that the holdings at the close would have had. No row: not
-- this user's. A row without a body: the portfolio begins later.
with portfolio as (
    select portfolio_id
    from dim_portfolios
    where portfolio_id = %(portfolio_id)s::uuid
),

snapshot as (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
)

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
                    'forecast_r_squared', round(risk.har_r_squared::numeric, 6),
                    'is_forecast_fallback', risk.is_forecast_fallback,
                    'proxied_share', round(risk.proxied_share::numeric, 6)
                )
            end,
            'metadata', json_build_object(
                'coverage', round(risk.coverage::numeric, 6),
                'price_source', case when snapshot.has_simulated_prices then 'simulated' else 'loaded' end,
                'price_notice', case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'data_quality', json_build_object(
                'flag', coalesce(risk.quality_flag, 'no_factor_data'),
                'message', concat_ws(
                    ' ',
                    coalesce(risk.quality_message, 'Nothing of this was published for the session.'),
                    case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
                ),
                'positions_analyzed', coalesce(risk.positions_analyzed, 0),
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - coalesce(risk.positions_analyzed, 0),
                'data_days', coalesce(risk.data_days, 0)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
left join risk on true
