{{ config(
    materialized='build_table',
    indexes=[{'columns': ['as_of_date', 'symbol'], 'unique': true}],
) }}

-- Annualized variance of symbols by the risk model, with their betas as an array in the order of the factors' names:
-- products of arrays are half the work of joins over pairs of factors.
with betas as (
    select * from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
    where model = 'risk'
),

covariances as (
    select
        as_of_date,
        factor_1,
        array_agg(ewma_covariance order by factor_2) as ewma_covariances
    from {{ ref('int_window_covariances') }}
    group by as_of_date, factor_1
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

multiplied as (
    select
        packed.*,
        betas.factor,
        betas.beta * (
            select sum(pairs.beta * pairs.covariance)
            from unnest(packed.betas, covariances.ewma_covariances) as pairs (beta, covariance)
        ) as variance
    from packed
    inner join betas on packed.symbol = betas.symbol and packed.as_of_date = betas.as_of_date
    inner join covariances
        on betas.as_of_date = covariances.as_of_date and betas.factor = covariances.factor_1
),

final as (
    select
        symbol,
        as_of_date,
        betas,
        residual_variance,
        -- rounding may leave a zero variance slightly negative
        greatest(sum(variance order by factor), 0) + residual_variance as total_variance
    from multiplied
    group by symbol, as_of_date, betas, residual_variance
)

select * from final
