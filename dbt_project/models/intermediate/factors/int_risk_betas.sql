-- Betas of the risk model on the dates being built.
with final as (
    select
        symbol,
        as_of_date,
        factor,
        beta,
        style_beta,
        observations,
        quality_flag
    from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
    where model = 'risk'
)

select * from final
