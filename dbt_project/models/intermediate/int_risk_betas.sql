-- Betas of the risk model on the dates being built.
with final as (
    select
        symbol,
        as_of_date,
        factor,
        beta,
        observations,
        quality_flag
    from {{ ref('int_symbol_factor_betas') }}
    where model = 'risk' and as_of_date between {{ from_date() }} and {{ to_date() }}
)

select * from final
