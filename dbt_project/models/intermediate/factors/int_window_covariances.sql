-- Factor covariances of the risk model on the dates being built.
with correlations as (
    {{ market_rows(ref('fct_factor_correlations')) }}
),

final as (
    select
        as_of_date,
        factor_1,
        factor_2,
        ewma_covariance,
        stress_covariance
    from correlations
    where model = 'risk'
)

select * from final
