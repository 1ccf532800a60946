-- GET /analytics/portfolio/{id}/factor-attribution: what the factors of the risk model did to the return, linked over
-- the range. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, attribution_range
with factors as (
    select linked.*
    from attribution_range
    cross join
        lateral udf.portfolio_factor_attribution(
            %(portfolio_id)s::uuid, attribution_range.from_date, attribution_range.to_date, %(method)s::text
        ) as linked
    where attribution_range.is_available
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'name', factor,
                    'sessions', sessions,
                    'beta', round(beta::numeric, 6),
                    'contribution', round(contribution::numeric, 6),
                    'null_reason', null_reason,
                    'coverage', round(coverage::numeric, 6)
                )
                order by abs(contribution) desc nulls last, factor
            ),
            '[]'::json
        ) as body,
        sum(contribution) as contribution,
        min(null_reason) filter (where factor = 'Specific') as null_reason
    from factors
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', attribution_range.is_available,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when attribution_range.is_available then snapshot.as_of_date end,
            'factors', listed.body,
            'totals', case
                when attribution_range.is_available then json_build_object(
                    'time_weighted', round(attribution_range.time_weighted::numeric, 6),
                    'contribution', case
                        when listed.null_reason is null then round(listed.contribution::numeric, 6)
                    end,
                    'null_reason', listed.null_reason
                )
            end,
            'metadata', json_build_object(
                'model', 'risk',
                'period', attribution_range.period,
                'from', attribution_range.from_date,
                'to', attribution_range.to_date,
                'sessions', attribution_range.sessions,
                'method', %(method)s::text,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', attribution_range.quality
        )
    end::text as body
from portfolio
left join snapshot on true
left join attribution_range on true
cross join listed
