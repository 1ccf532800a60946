{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'as_of_date', 'factor'], 'unique': true}],
) }}

-- Covariance of each factor with the portfolio, S b, in dollars per year, and the factor's contribution to the
-- systematic variance, b (S b), in squared dollars; the contributions add up to b' S b.
with exposures as (
    select * from {{ ref('int_portfolio_factor_sums') }}
    where model = 'risk'
),

covariances as (
    select * from ({{ market_rows(ref('fct_factor_correlations')) }}) as visible
    where model = 'risk'
),

summed as (
    select
        exposures.portfolio_id,
        exposures.as_of_date,
        exposures.model,
        exposures.factor,
        exposures.dollar_exposure,
        sum(covariances.ewma_covariance * other_exposures.dollar_exposure order by other_exposures.factor)
            as dollar_covariance
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
),

final as (
    select
        portfolio_id,
        as_of_date,
        model,
        factor,
        dollar_covariance,
        dollar_exposure * dollar_covariance as dollar_variance
    from summed
)

select * from final
