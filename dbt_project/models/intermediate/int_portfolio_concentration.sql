{{ config(materialized='ephemeral') }}

-- Concentration on symbol-level gross weights g = |exposure| / gross; no row where nothing is held.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and as_of_date between {{ from_date() }} and {{ to_date() }}
),

symbol_totals as (
    select
        portfolio_id,
        as_of_date,
        pricing_symbol,
        sum(abs(market_value)) as gross_exposure
    from position_values
    group by portfolio_id, as_of_date, pricing_symbol
),

weighted as (
    select
        portfolio_id,
        as_of_date,
        cast(
            gross_exposure / nullif(sum(gross_exposure) over (partition by portfolio_id, as_of_date), 0)
            as double precision
        ) as gross_weight,
        row_number() over (
            partition by portfolio_id, as_of_date order by gross_exposure desc, pricing_symbol asc
        ) as size_rank
    from symbol_totals
),

final as (
    select
        portfolio_id,
        as_of_date,
        sum(gross_weight * gross_weight) as hhi,
        1 / sum(gross_weight * gross_weight) as effective_names,
        sum(gross_weight) filter (where size_rank <= 1) as top_1_share,
        sum(gross_weight) filter (where size_rank <= 3) as top_3_share,
        sum(gross_weight) filter (where size_rank <= 5) as top_5_share,
        sum(gross_weight) filter (where size_rank <= 10) as top_10_share
    from weighted
    where gross_weight is not null
    group by portfolio_id, as_of_date
)

select * from final
