{{ config(materialized='ephemeral') }}

-- Fit of the regressions behind a portfolio's market beta: R squared of its symbols, weighted by absolute
-- delta-adjusted exposure, and the shortest of their histories.
with exposures as materialized (
    select * from {{ ref('fct_exposures_by_group') }}
    where dimension = 'symbol' and {{ is_being_built() }}
),

betas as (
    select * from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
    where model = 'market'
),

weighted as (
    select
        exposures.portfolio_id,
        exposures.as_of_date,
        betas.r_squared,
        betas.observations,
        cast(abs(exposures.delta_adjusted_exposure) as double precision) as size
    from exposures
    inner join betas on exposures.bucket = betas.symbol and exposures.as_of_date = betas.as_of_date
),

final as (
    select
        portfolio_id,
        as_of_date,
        {{ exact_sum('size * r_squared') }}
        / nullif({{ exact_sum('case when r_squared is not null then size end') }}, 0) as r_squared,
        min(observations) as observations
    from weighted
    group by portfolio_id, as_of_date
)

select * from final
