-- Correlations between the largest symbols by gross exposure, each pair once.
with largest as (
    select
        bucket as symbol,
        row_number() over (order by gross_exposure desc, bucket) as place
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
),

paired as (
    select *
    from fct_correlation_pairs
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

included as (
    select
        symbol,
        row_number() over (order by place) as place
    from largest
    where symbol in (select symbol_1 from paired) or symbol in (select symbol_2 from paired)
)

select
    ahead.symbol as symbol_1,
    behind.symbol as symbol_2,
    paired.correlation,
    paired.observations
from included as ahead
inner join included as behind on ahead.place < behind.place
left join paired
    on
        least(ahead.symbol, behind.symbol) = paired.symbol_1
        and greatest(ahead.symbol, behind.symbol) = paired.symbol_2
where behind.place <= %(matrix_symbols)s
order by ahead.place, behind.place
