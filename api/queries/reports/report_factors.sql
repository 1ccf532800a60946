-- Betas of the portfolio, each factor of each model once, in the order of the models; spreads are tilts beside the
-- market.
select
    exposures.model,
    exposures.factor,
    exposures.beta,
    exposures.std_error,
    exposures.dollar_exposure,
    exposures.variance_contribution,
    exposures.share_of_variance,
    exposures.coverage,
    exposures.tilt,
    exposures.ratio_null_reason,
    exposures.quality_flag,
    exposures.quality_message,
    exposures.coverage_of_equity,
    exposures.positions_analyzed,
    exposures.positions_total,
    exposures.positions_skipped,
    exposures.data_days,
    dim_factors.unit,
    dim_factors.window_days
from fct_portfolio_factor_exposures as exposures
left join dim_factors on exposures.model = dim_factors.model and exposures.factor = dim_factors.factor
where exposures.portfolio_id = %(portfolio_id)s::uuid and exposures.as_of_date = %(as_of_date)s::date
order by
    array_position(array['risk', 'market', 'bond', 'rates', 'spread'], exposures.model),
    array_position(
        array[
            'Market', 'Value', 'Growth', 'Momentum', 'Quality', 'Size', 'Low Volatility', 'IR Beta', 'Interest Rate',
            'Growth-Value'
        ],
        exposures.factor
    ),
    exposures.factor
