{{ config(materialized='mart', derived=true, grain=['portfolio_id', 'as_of_date', 'factor']) }}

-- The exposures of portfolios to the factors of the risk model beside the past moves of the factors: their product is
-- the part of each past outcome that is due to the factor.
with exposures as (
    select * from {{ ref('fct_portfolio_factor_exposures') }}
    where model = 'risk' and dollar_exposure is not null
),

outcomes as (
    select * from {{ ref('int_factor_outcomes') }}
),

final as (
    select
        exposures.publication_id,
        exposures.portfolio_id,
        exposures.as_of_date,
        exposures.factor,
        exposures.dollar_exposure,
        outcomes.outcomes
    from exposures
    inner join outcomes
        on
            exposures.as_of_date = outcomes.as_of_date
            and exposures.publication_id = outcomes.publication_id
            and exposures.factor = outcomes.factor
)

select * from final
