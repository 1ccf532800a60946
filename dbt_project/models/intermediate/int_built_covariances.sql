-- Factor covariances of the risk model on the dates being built.
with final as (
    select
        as_of_date,
        factor_1,
        factor_2,
        ewma_covariance
    from {{ ref('int_factor_correlations') }}
    where model = 'risk' and as_of_date between {{ from_date() }} and {{ to_date() }}
)

select * from final
