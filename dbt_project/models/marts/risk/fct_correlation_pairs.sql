{{ config(materialized='mart', derived=true, grain=['portfolio_id', 'as_of_date', 'symbol_1', 'symbol_2']) }}

-- The correlation of a pair is stored once for all holders; a portfolio whose matrix was repaired has its own. Members
-- and correlations are read twice and not materialized, so that each read finds a portfolio's rows by index.
with members as not materialized (
    select * from {{ ref('fct_correlation_clusters') }}
),

correlations as not materialized (
    select * from {{ ref('int_symbol_correlations') }}
),

repairs as (
    select * from {{ ref('int_correlation_repairs') }}
),

final as (
    select
        first_leg.publication_id,
        first_leg.portfolio_id,
        first_leg.as_of_date,
        first_leg.symbol as symbol_1,
        second_leg.symbol as symbol_2,
        coalesce(repairs.correlation, pairs.correlation) as correlation,
        pairs.observations
    from members as first_leg
    inner join members as second_leg
        on
            first_leg.portfolio_id = second_leg.portfolio_id
            and first_leg.as_of_date = second_leg.as_of_date
            and first_leg.publication_id = second_leg.publication_id
            and first_leg.symbol < second_leg.symbol
    inner join correlations as first_row
        on
            first_leg.as_of_date = first_row.as_of_date
            and first_leg.publication_id = first_row.publication_id
            and first_leg.symbol = first_row.symbol
    inner join correlations as second_row
        on
            second_leg.as_of_date = second_row.as_of_date
            and second_leg.publication_id = second_row.publication_id
            and second_leg.symbol = second_row.symbol
    cross join
        lateral (
            select
                first_row.correlations[second_row.place - first_row.place + 1] as correlation,
                first_row.observations[second_row.place - first_row.place + 1] as observations
        ) as pairs
    left join repairs
        on
            first_leg.portfolio_id = repairs.portfolio_id
            and first_leg.as_of_date = repairs.as_of_date
            and first_leg.publication_id = repairs.publication_id
            and first_leg.symbol = repairs.symbol_1
            and second_leg.symbol = repairs.symbol_2
    where pairs.correlation is not null
)

select * from final
