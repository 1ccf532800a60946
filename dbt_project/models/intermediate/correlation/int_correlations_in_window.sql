-- Correlations of the dates being built.
with final as (
    select * from {{ ref('int_symbol_correlations') }}
    where {{ is_being_built() }}
)

select * from final
