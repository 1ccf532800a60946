-- GET /analytics/portfolio/{id}/beta-calculated-90d: the beta of what is held at the close, from regressions over 90
-- sessions. No row: not this user's. A row without a body: the portfolio begins later.
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

exposure as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
        and factor = 'Market'
),

exposures as (
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
                'price_source', case when snapshot.has_simulated_prices then 'simulated' else 'loaded' end,
                'price_notice', case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'data_quality', json_build_object(
                'flag', coalesce(exposure.quality_flag, 'no_factor_data'),
                'message', concat_ws(
                    ' ',
                    coalesce(exposure.quality_message, 'Nothing of this was published for the session.'),
                    case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
                ),
                'positions_analyzed', coalesce(exposure.positions_analyzed, 0),
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - coalesce(exposure.positions_analyzed, 0),
                'data_days', coalesce(exposure.data_days, 0)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join fit
left join exposure on true
