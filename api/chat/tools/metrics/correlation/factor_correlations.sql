-- Correlations between the factors of the risk model, the strongest first.
select
    as_of_date,
    factor_1,
    factor_2,
    correlation,
    observations,
    is_collinear
from fct_factor_correlations
where
    as_of_date = %(as_of_date)s::date
    and model = 'risk'
    and factor_1 < factor_2
order by abs(correlation) desc, factor_1, factor_2
