{{ config(materialized='ephemeral') }}

-- Contribution of each factor to the systematic variance, b (S b), in squared dollars per year; they add up to b' S b.
with exposures as (
    select * from {{ ref('int_portfolio_factor_sums') }}
    where model = 'risk'
),

covariances as (
    select * from ({{ market_rows(ref('fct_factor_correlations')) }}) as visible
    where model = 'risk'
),

final as (
    select
        exposures.portfolio_id,
        exposures.as_of_date,
        exposures.model,
        exposures.factor,
        exposures.dollar_exposure
        * sum(covariances.ewma_covariance * other_exposures.dollar_exposure order by other_exposures.factor)
            as dollar_variance
    from exposures
    inner join covariances
        on exposures.as_of_date = covariances.as_of_date and exposures.factor = covariances.factor_1
    inner join exposures as other_exposures
        on
            exposures.portfolio_id = other_exposures.portfolio_id
            and covariances.as_of_date = other_exposures.as_of_date
            and covariances.factor_2 = other_exposures.factor
    group by
        exposures.portfolio_id, exposures.as_of_date, exposures.model, exposures.factor, exposures.dollar_exposure
)

select * from final
