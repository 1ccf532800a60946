-- The pairs of factors of the risk model that are collinear on the session.
with collinear_pairs as (
    select coalesce(json_agg(json_build_array(factor_1, factor_2) order by factor_1, factor_2), '[]'::json) as body
    from fct_factor_correlations
    where as_of_date = %(as_of_date)s::date and model = 'risk' and is_collinear and factor_1 < factor_2
)

select *
from collinear_pairs
