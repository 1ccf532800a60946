-- Beta of each factor to the market on the dates being built; every symbol's row has the same.
with final as (
    select
        as_of_date,
        factor,
        min(style_beta) as style_beta
    from {{ ref('int_risk_betas') }}
    where style_beta is not null
    group by as_of_date, factor
)

select * from final
