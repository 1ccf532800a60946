with final as (
    {{ unpacked_pairs(ref('int_symbol_correlations')) }}
)

select * from final
