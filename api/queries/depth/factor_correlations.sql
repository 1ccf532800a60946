-- GET /data/factors/correlations: correlations of the factors of one model on a session; collinear pairs are those
-- beyond the method's threshold.
with pairs as (
    select *
    from fct_factor_correlations
    where as_of_date = %(as_of_date)s::date and model = %(model)s::text and factor_1 <= factor_2
),

members as (
    select factor_1 as factor from pairs
    union
    select factor_2 as factor from pairs
)

select
    json_build_object(
        'available', count(*) > 0,
        'as_of_date', %(as_of_date)s::date,
        'model', %(model)s::text,
        'factors', coalesce((select json_agg(factor order by factor) from members), '[]'::json),
        'correlations', coalesce(
            json_agg(
                json_build_object(
                    'factor_1', factor_1,
                    'factor_2', factor_2,
                    'correlation', round(correlation::numeric, 6),
                    'observations', observations,
                    'is_collinear', is_collinear
                )
                order by factor_1, factor_2
            ) filter (where factor_1 < factor_2),
            '[]'::json
        ),
        'collinear', coalesce(
            json_agg(json_build_array(factor_1, factor_2) order by factor_1, factor_2)
            filter (where is_collinear and factor_1 < factor_2),
            '[]'::json
        )
    )::text as body
from pairs
