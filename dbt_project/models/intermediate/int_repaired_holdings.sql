-- Holdings of the portfolios whose correlation matrix had to be repaired.
with holdings as (
    select * from {{ ref('int_engine_holdings') }}
),

repaired as (
    select * from {{ ref('int_correlation_statistics') }}
    where is_repaired and as_of_date between {{ from_date() }} and {{ to_date() }}
),

final as (
    select holdings.*
    from holdings
    inner join repaired
        on holdings.portfolio_id = repaired.portfolio_id and holdings.as_of_date = repaired.as_of_date
)

select * from final
