-- GET /analytics/portfolio/{id}/attribution: allocation and selection by segment, linked over the range; tags may
-- overlap and have no sums. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, attribution_range
with segments as (
    select linked.*
    from attribution_range
    cross join
        lateral udf.portfolio_attribution(
            %(portfolio_id)s::uuid,
            attribution_range.from_date,
            attribution_range.to_date,
            %(dimension)s::text,
            %(method)s::text
        ) as linked
    where attribution_range.is_available
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'segment', segment,
                    'sessions', sessions,
                    'portfolio_weight', round(portfolio_weight::numeric, 6),
                    'benchmark_weight', round(benchmark_weight::numeric, 6),
                    'contribution', round(contribution::numeric, 6),
                    'benchmark_return', round(benchmark_return::numeric, 6),
                    'allocation', round(allocation::numeric, 6),
                    'selection', round(selection::numeric, 6),
                    'effect', round(effect::numeric, 6),
                    'null_reason', null_reason,
                    'coverage', round(coverage::numeric, 6)
                )
                order by effect desc nulls last, contribution desc, segment
            ),
            '[]'::json
        ) as body,
        sum(contribution) as contribution,
        sum(allocation) as allocation,
        sum(selection) as selection,
        sum(effect) as effect, -- noqa: RF04
        min(null_reason) filter (where segment <> 'Benchmark residual') as null_reason,
        min(null_reason) filter (where effect is null) as effect_null_reason
    from segments
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', attribution_range.is_available,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when attribution_range.is_available then snapshot.as_of_date end,
            'segments', listed.body,
            'totals', case
                when attribution_range.is_available then json_build_object(
                    'time_weighted', round(attribution_range.time_weighted::numeric, 6),
                    'benchmark', round(attribution_range.benchmark::numeric, 6),
                    'excess', round(attribution_range.excess::numeric, 6),
                    'contribution', case when not is_overlay then round(listed.contribution::numeric, 6) end,
                    'allocation', case
                        when not is_overlay and listed.null_reason is null then round(listed.allocation::numeric, 6)
                    end,
                    'selection', case
                        when not is_overlay and listed.null_reason is null then round(listed.selection::numeric, 6)
                    end,
                    'effect', case
                        when not is_overlay and listed.effect_null_reason is null then round(listed.effect::numeric, 6)
                    end,
                    'null_reason', case when is_overlay then 'tags_overlap' else listed.null_reason end
                )
            end,
            'metadata', json_build_object(
                'period', attribution_range.period,
                'from', attribution_range.from_date,
                'to', attribution_range.to_date,
                'sessions', attribution_range.sessions,
                'dimension', %(dimension)s::text,
                'method', %(method)s::text,
                'benchmark_symbol', attribution_range.benchmark_symbol,
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
cross join (select %(dimension)s::text = 'tag' as is_overlay) as asked_dimension
