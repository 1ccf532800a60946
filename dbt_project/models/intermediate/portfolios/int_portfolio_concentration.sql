{{ config(materialized='ephemeral') }}

-- Concentration of gross weights by symbol, g = |exposure| / gross exposure; no row where nothing is held.
with symbol_exposures as materialized (
    select * from {{ ref('fct_exposures_by_group') }}
    where dimension = 'symbol' and {{ is_being_built() }}
),

weighted as (
    select
        portfolio_id,
        as_of_date,
        share_of_gross as gross_weight,
        row_number() over (
            partition by portfolio_id, as_of_date order by gross_exposure desc, bucket asc
        ) as size_rank
    from symbol_exposures
),

final as (
    select
        portfolio_id,
        as_of_date,
        sum(gross_weight * gross_weight order by size_rank) as hhi,
        1 / sum(gross_weight * gross_weight order by size_rank) as effective_names,
        sum(gross_weight) filter (where size_rank <= 1) as top_1_share,
        sum(gross_weight) filter (where size_rank <= 3) as top_3_share,
        sum(gross_weight) filter (where size_rank <= 5) as top_5_share,
        sum(gross_weight) filter (where size_rank <= 10) as top_10_share
    from weighted
    where gross_weight is not null
    group by portfolio_id, as_of_date
)

select * from final
