-- GET /analytics/portfolio/{id}/beta-calculated-90d: the beta of what is held at the close, from regressions over 90
-- sessions. No row: not this user's. A row without a body: the portfolio begins later.
-- with portfolio_scope, portfolio_market_exposure, portfolio_quality
with exposures as (
    select
        bucket as symbol,
        abs(delta_adjusted_exposure) as gross_exposure
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
),

betas as (
    select
        symbol,
        r_squared,
        observations
    from fct_symbol_factor_betas
    where
        symbol = any(array(select symbol from exposures))
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
),

fit as (
    select
        sum(exposures.gross_exposure * betas.r_squared)
        / nullif(sum(exposures.gross_exposure) filter (where betas.r_squared is not null), 0) as r_squared,
        min(betas.observations) as observations
    from betas
    inner join exposures on betas.symbol = exposures.symbol
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
                    'beta_calculated_90d_r_squared', round(fit.r_squared::numeric, 6),
                    'beta_calculated_90d_observations', fit.observations
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
cross join fit
left join exposure on true
