-- GET /analytics/portfolio/{id}/forecast-evaluation: forecasts that ended on the session against what was realized, and
-- their grades so far. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with grades as (
    select *
    from fct_forecast_evaluation
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'forecast', forecast,
                    'model', model,
                    'forecast_value', round(forecast_value::numeric, 6),
                    'realized_value', round(realized_value::numeric, 6),
                    'bias_statistic', round(bias_statistic::numeric, 6),
                    'qlike', round(qlike::numeric, 6),
                    'observations', observations
                )
                order by forecast, model
            ),
            '[]'::json
        ) as body
    from grades
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', listed.row_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when listed.row_count > 0 then snapshot.as_of_date end,
            'forecasts', listed.body,
            'metadata', json_build_object(
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join listed
