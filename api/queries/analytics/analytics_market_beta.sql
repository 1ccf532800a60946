-- GET /analytics/portfolio/{id}/market-beta: the beta of the holdings at the close (weighted betas of the symbols), and
-- the beta of the portfolio's own returns. No row: the portfolio is not this user's. Null body: it begins after the
-- session.
-- with portfolio_scope, portfolio_market_exposure, weakest_factor_quality, portfolio_quality
with model as (
    select
        proxy_symbol,
        window_days
    from dim_factors
    where model = 'market' and factor = 'Market'
),

risk as (
    select
        return_beta,
        return_beta_r_squared,
        return_beta_observations,
        return_beta_null_reason
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
                    'market_beta_weighted', round(exposure.beta::numeric, 6),
                    'market_beta_direct', round(risk.return_beta::numeric, 6),
                    'market_beta_direct_null_reason', risk.return_beta_null_reason,
                    'market_beta_r_squared', round(risk.return_beta_r_squared::numeric, 6),
                    'market_beta_observations', risk.return_beta_observations
                )
            end,
            'metadata', json_build_object(
                'model', 'market',
                'proxy_symbol', (select proxy_symbol from model),
                'window_days', (select window_days from model),
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
