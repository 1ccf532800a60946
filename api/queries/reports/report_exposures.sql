-- Exposures at market, at cost and delta-adjusted: a row for each of the three measures.
with exposure as (
    select *
    from fct_portfolio_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
)

select
    measures.measure,
    measures.long_exposure,
    measures.short_exposure,
    measures.gross_exposure,
    measures.net_exposure,
    measures.null_reason
from exposure
cross join
    lateral (
        values
        (
            1, 'at market', exposure.long_exposure, exposure.short_exposure, exposure.gross_exposure,
            exposure.net_exposure, null
        ),
        (
            2, 'at cost', exposure.long_exposure_at_cost, exposure.short_exposure_at_cost,
            exposure.gross_exposure_at_cost, exposure.net_exposure_at_cost, null
        ),
        (
            3, 'delta-adjusted', exposure.long_exposure_delta_adjusted, exposure.short_exposure_delta_adjusted,
            exposure.gross_exposure_delta_adjusted, exposure.net_exposure_delta_adjusted,
            exposure.delta_adjusted_null_reason
        )
    ) as measures (place, measure, long_exposure, short_exposure, gross_exposure, net_exposure, null_reason)
order by measures.place
