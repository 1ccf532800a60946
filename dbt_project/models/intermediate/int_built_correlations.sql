-- Correlations of the dates being built.
with final as (
    select * from {{ ref('int_symbol_correlations') }}
    where as_of_date between {{ from_date() }} and {{ to_date() }}
)

select * from final
