-- A position without a bucket would be missing from a breakdown: each dimension that partitions the portfolio must
-- add up to its exposures to the cent (tags may overlap and are not checked).
with groups as (
    select
        portfolio_id,
        as_of_date,
        dimension,
        sum(long_exposure) as long_exposure,
        sum(short_exposure) as short_exposure,
        {{ sum_unless_unknown('delta_adjusted_exposure') }} as delta_adjusted_exposure,
        sum(position_count) as position_count
    from ({{ tested_rows(ref('fct_exposures_by_group')) }}) as tested
    where dimension <> 'tag'
    group by portfolio_id, as_of_date, dimension
),

totals as (
    select
        exposures.portfolio_id,
        exposures.as_of_date,
        dimensions.dimension,
        exposures.long_exposure,
        exposures.short_exposure,
        exposures.net_exposure_delta_adjusted as delta_adjusted_exposure,
        snapshots.position_count - snapshots.cash_count as position_count
    from ({{ tested_rows(ref('fct_portfolio_exposures')) }}) as exposures
    inner join ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as snapshots
        on exposures.portfolio_id = snapshots.portfolio_id and exposures.as_of_date = snapshots.as_of_date
    cross join (values ('symbol'), ('sector'), ('investment_class'), ('position_type')) as dimensions (dimension)
    where snapshots.position_count > snapshots.cash_count
)

select
    coalesce(totals.portfolio_id, groups.portfolio_id) as portfolio_id,
    coalesce(totals.as_of_date, groups.as_of_date) as as_of_date,
    coalesce(totals.dimension, groups.dimension) as dimension
from totals
full outer join groups
    on
        totals.portfolio_id = groups.portfolio_id
        and totals.as_of_date = groups.as_of_date
        and totals.dimension = groups.dimension
where
    totals.long_exposure is distinct from groups.long_exposure
    or totals.short_exposure is distinct from groups.short_exposure
    or totals.delta_adjusted_exposure is distinct from groups.delta_adjusted_exposure
    or totals.position_count is distinct from groups.position_count
