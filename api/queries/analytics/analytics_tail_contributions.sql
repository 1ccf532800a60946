-- GET /analytics/portfolio/{id}/risk-contributions with measure var or es: what each part of the portfolio contributes
-- to its historical value at risk or expected shortfall, largest first, those without figures last. No row: the
-- portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with contributions as (
    select
        *,
        coalesce(symbol, part) as name
    from udf.portfolio_risk_contributions(
        %(portfolio_id)s::uuid, %(as_of_date)s::date, %(measure)s::text, %(confidence)s::float8, %(part_of)s::text
    )
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', contributions.position_id,
                    'name', contributions.name,
                    'exposure_weight', round(
                        (contributions.exposure / nullif(greatest(snapshot.equity, 0), 0))::numeric, 6
                    ),
                    'standalone', round(contributions.standalone::numeric, 2),
                    'marginal', round(contributions.marginal::numeric, 6),
                    'component', round(contributions.component::numeric, 2),
                    'share', round(contributions.share::numeric, 6),
                    'incremental', round(contributions.incremental::numeric, 2),
                    'null_reason', contributions.null_reason,
                    'position_count', contributions.position_count,
                    'measured_count', contributions.measured_count
                )
                order by abs(contributions.component) desc nulls last, contributions.name, contributions.position_id
            ) filter (where contributions.part is not null),
            '[]'::json
        ) as body,
        max(contributions.total) as total,
        sum(contributions.standalone order by contributions.part) as undiversified
    from snapshot
    left join contributions on true
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', listed.total is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when listed.total is not null then snapshot.as_of_date end,
            'data', case
                when listed.total is not null then json_build_object(
                    'measure', %(measure)s::text,
                    'confidence', %(confidence)s::float8,
                    'by', %(part_of)s::text,
                    'unit', 'USD',
                    'total', round(listed.total::numeric, 2),
                    'undiversified', round(listed.undiversified::numeric, 2)
                )
            end,
            'contributions', listed.body,
            'metadata', json_build_object(
                'model', null,
                'method', 'historical_simulation',
                'coverage', round(risk.coverage::numeric, 6),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
left join listed on true
left join risk on true
