-- GET /data/factors: the current definitions of the factors, by model.
with chosen as (
    select *
    from dim_factors
    where %(model)s::text is null or model = %(model)s::text
)

select
    json_build_object(
        'total', count(*),
        'models', coalesce(to_json(array_agg(distinct model order by model)), '[]'::json),
        'factors', coalesce(
            json_agg(
                json_build_object(
                    'model', model,
                    'factor', factor,
                    'proxy_symbol', proxy_symbol,
                    'long_symbol', long_symbol,
                    'short_symbol', short_symbol,
                    'window_days', window_days,
                    'min_observations', min_observations,
                    'unit', unit
                )
                order by model, factor
            ),
            '[]'::json
        )
    )::text as body
from chosen
