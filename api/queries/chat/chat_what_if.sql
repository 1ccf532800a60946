-- The chat's tool what_if: the figures of one portfolio before trades, after them, and the change. Without a section
-- those that one asks for first, and the scenarios that would lose most.
with computed as (
    select
        figures.*,
        case
            when figures.section = 'stress' and figures.figure = 'direct_pnl'
                then row_number() over (
                    partition by figures.section, figures.figure
                    order by figures.value_after asc nulls last, figures.part
                )
        end as loss_rank
    from
        udf.what_if(
            %(portfolio_id)s::uuid, %(as_of_date)s::date, %(trades)s::jsonb, %(cash)s::text
        ) as figures
    where %(section)s::text is null or figures.section = %(section)s::text
)

select
    section,
    model,
    part,
    figure,
    unit,
    value_before,
    value_after,
    value_change,
    coverage_before,
    coverage_after,
    coalesce(null_reason_after, null_reason_before) as null_reason
from computed
where
    %(section)s::text is not null
    or section in ('exposures', 'variance', 'var', 'concentration', 'greeks', 'liquidity')
    or (section = 'betas' and figure = 'beta' and model in ('market', 'risk'))
    or loss_rank <= 10
order by section, model, part, figure
