-- Sector weights of what has a sector, long and short together, next to the S&P 500: over- and underweights. A fund
-- that tracks the S&P 500 counts by its sector weights; other funds without a sector, private and unclassified
-- positions are left out. As in GET /analytics/portfolio/{id}/sector-exposure.
with benchmark as (
    select
        sector,
        weight,
        weight::numeric / sum(weight::numeric) over () as of_benchmark
    from dim_benchmark_sectors
    where
        benchmark = 'S&P 500'
        and effective_date = (
            select max(effective_date) from dim_benchmark_sectors
            where benchmark = 'S&P 500' and effective_date <= %(as_of_date)s::date
        )
),

exposures as (
    select
        portfolio_id,
        as_of_date,
        dimension,
        bucket,
        gross_exposure
    from fct_exposures_by_group
    where
        portfolio_id = any(%(portfolio_ids)s::uuid[])
        and as_of_date = %(as_of_date)s::date
        and dimension in ('sector', 'symbol')
),

funds as (
    select
        exposures.*,
        dim_symbols.tracked_benchmark = 'S&P 500' and exists (select from benchmark) as is_looked_through,
        coalesce(dim_symbols.sector, 'Unclassified') as sector
    from exposures
    inner join dim_symbols on exposures.bucket = dim_symbols.symbol
    where exposures.dimension = 'symbol' and dim_symbols.symbol = any(array(select bucket from exposures))
),

parts as (
    select
        portfolio_id,
        as_of_date,
        bucket as sector,
        gross_exposure
    from exposures
    where dimension = 'sector'
    union all
    select
        portfolio_id,
        as_of_date,
        sector,
        -gross_exposure as gross_exposure
    from funds
    where is_looked_through
    union all
    select
        funds.portfolio_id,
        funds.as_of_date,
        benchmark.sector,
        funds.gross_exposure * benchmark.of_benchmark as gross_exposure
    from funds
    cross join benchmark
    where funds.is_looked_through
),

weighted as (
    select
        portfolio_id,
        as_of_date,
        sector,
        sum(gross_exposure) as gross_exposure,
        sum(gross_exposure) / nullif(sum(sum(gross_exposure)) over (partition by portfolio_id), 0) as weight
    from parts
    where sector not in ('Private', 'Unclassified')
    group by portfolio_id, as_of_date, sector
),

begun as (
    select distinct
        portfolio_id,
        as_of_date
    from weighted
    where weight is not null
)

select
    portfolios.portfolio_name,
    begun.as_of_date,
    benchmark.sector,
    coalesce(weighted.gross_exposure, 0) as gross_exposure,
    coalesce(weighted.weight, 0) as weight,
    benchmark.weight as benchmark_weight,
    coalesce(weighted.weight, 0)::double precision - benchmark.weight as difference
from begun
inner join dim_portfolios as portfolios on begun.portfolio_id = portfolios.portfolio_id
cross join benchmark
left join weighted on begun.portfolio_id = weighted.portfolio_id and benchmark.sector = weighted.sector
order by portfolios.portfolio_name, difference desc, sector
