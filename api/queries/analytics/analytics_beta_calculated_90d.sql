-- GET /analytics/portfolio/{id}/beta-calculated-90d: the beta of the holdings at the close, from regressions over 90
-- sessions. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_market_exposure, weakest_factor_quality, portfolio_quality
with risk as (
    select
        market_beta_r_squared,
        market_beta_observations
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', exposure.beta is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when exposure.beta is not null then snapshot.as_of_date end,
            'data', case
                when exposure.beta is not null then json_build_object(
                    'beta_calculated_90d', round(exposure.beta::numeric, 6),
                    'beta_calculated_90d_r_squared', round(risk.market_beta_r_squared::numeric, 6),
                    'beta_calculated_90d_observations', risk.market_beta_observations
                )
            end,
            'metadata', json_build_object(
                'model', 'market',
                'coverage', round(exposure.coverage::numeric, 6),
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
left join factor_rows as exposure on true
