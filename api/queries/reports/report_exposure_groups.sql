-- Exposures by sector, investment class, position type and tag, the largest first.
select
    dimension,
    bucket,
    long_exposure,
    short_exposure,
    gross_exposure,
    net_exposure,
    delta_adjusted_exposure,
    delta_adjusted_null_reason,
    share_of_gross,
    position_count
from fct_exposures_by_group
where
    portfolio_id = %(portfolio_id)s::uuid
    and as_of_date = %(as_of_date)s::date
    and dimension in ('sector', 'investment_class', 'position_type', 'tag')
order by dimension, gross_exposure desc, bucket
