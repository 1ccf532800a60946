{{ config(
    materialized='build_table',
    indexes=[{'columns': ['as_of_date', 'symbol'], 'unique': true}],
) }}

-- Annualized variance of symbols by the risk model, with their betas as an array in the order of the factors' names.
with betas as (
    select * from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
    where model = 'risk'
),

covariances as (
    select * from {{ ref('int_window_covariances') }}
),

systematic as (
    select
        betas.symbol,
        betas.as_of_date,
        sum(
            betas.beta * covariances.ewma_covariance * other_betas.beta order by betas.factor, other_betas.factor
        ) as variance
    from betas
    inner join covariances
        on betas.as_of_date = covariances.as_of_date and betas.factor = covariances.factor_1
    inner join betas as other_betas
        on
            betas.symbol = other_betas.symbol
            and covariances.as_of_date = other_betas.as_of_date
            and covariances.factor_2 = other_betas.factor
    group by betas.symbol, betas.as_of_date
),

packed as (
    select
        symbol,
        as_of_date,
        array_agg(beta order by factor) as betas,
        power(min(residual_volatility), 2) as residual_variance
    from betas
    group by symbol, as_of_date
),

final as (
    select
        packed.symbol,
        packed.as_of_date,
        packed.betas,
        packed.residual_variance,
        -- rounding may leave a zero variance slightly negative
        greatest(systematic.variance, 0) + packed.residual_variance as total_variance
    from packed
    inner join systematic on packed.symbol = systematic.symbol and packed.as_of_date = systematic.as_of_date
)

select * from final
