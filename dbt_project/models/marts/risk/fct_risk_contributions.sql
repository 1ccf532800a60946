{{ config(
    materialized='mart',
    packed=true,
    grain=['position_id', 'as_of_date', 'measure'],
    not_restated=['exposure_weight', 'standalone', 'marginal', 'share'],
) }}

-- Euler contributions of positions to the volatility of the risk model (Tasche 1999): weight times the derivative of
-- the volatility with respect to it. They add up, because the volatility is homogeneous of degree one in the weights.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

holdings as (
    select * from {{ ref('int_portfolio_holdings') }}
),

symbols as (
    select * from {{ ref('int_symbol_variances') }}
),

totals as (
    select * from {{ ref('int_portfolio_variances') }}
),

-- in the order of the symbols' betas: both have every factor of the session
factor_covariances as (
    select
        portfolio_id,
        as_of_date,
        array_agg(dollar_covariance order by factor) as dollar_covariances
    from {{ ref('int_portfolio_factor_variances') }}
    group by portfolio_id, as_of_date
),

joined as (
    select
        position_values.position_id,
        position_values.as_of_date,
        position_values.portfolio_id,
        position_values.symbol,
        position_values.is_cash_equivalent,
        position_values.delta_adjusted_exposure,
        scopes.equity,
        sqrt(totals.total_variance) as total_volatility,
        case when scopes.positions_in_scope > 0 then coalesce(totals.coverage, 0) end as coverage,
        sqrt(symbols.total_variance) as symbol_volatility,
        -- covariance of the symbol with the portfolio: by the factors, and by its own residual
        (
            select sum(pairs.beta * pairs.dollar_covariance)
            from unnest(symbols.betas, factor_covariances.dollar_covariances) as pairs (beta, dollar_covariance)
        ) + symbols.residual_variance * holdings.exposure as dollar_covariance,
        case
            when not scopes.equity > 0 then 'equity_not_positive'
            when position_values.investment_class = 'PRIVATE' then 'private'
            when totals.total_variance is null then 'no_portfolio_volatility'
            when {{ divisible_variance('totals.total_variance', 'scopes.equity') }} is null then 'no_variation'
            when position_values.is_cash_equivalent then null
            when position_values.delta_adjusted_exposure is null then position_values.delta_adjusted_null_reason
            when symbols.symbol is null then 'no_betas'
        end as null_reason
    from position_values
    inner join scopes
        on position_values.portfolio_id = scopes.portfolio_id and position_values.as_of_date = scopes.as_of_date
    left join holdings
        on
            position_values.portfolio_id = holdings.portfolio_id
            and position_values.as_of_date = holdings.as_of_date
            and position_values.pricing_symbol = holdings.symbol
    left join symbols
        on position_values.pricing_symbol = symbols.symbol and position_values.as_of_date = symbols.as_of_date
    left join totals
        on position_values.portfolio_id = totals.portfolio_id and position_values.as_of_date = totals.as_of_date
    left join factor_covariances
        on
            position_values.portfolio_id = factor_covariances.portfolio_id
            and position_values.as_of_date = factor_covariances.as_of_date
),

-- cash has no exposure and moves with nothing
measured as (
    select
        *,
        case
            when null_reason is not null then null
            when is_cash_equivalent then 0
            else cast(delta_adjusted_exposure as double precision) / equity
        end as exposure_weight,
        case
            when null_reason is not null then null
            when is_cash_equivalent then 0
            else dollar_covariance / (equity * total_volatility)
        end as marginal
    from joined
),

final as (
    select
        position_id,
        as_of_date,
        portfolio_id,
        symbol,
        'volatility' as measure,
        exposure_weight,
        case when is_cash_equivalent then exposure_weight else abs(exposure_weight) * symbol_volatility end
            as standalone, -- noqa: RF04
        marginal,
        -- adding 0 turns -0 into 0
        0 + exposure_weight * marginal as component,
        0 + exposure_weight * marginal / total_volatility as share, -- noqa: RF04
        null_reason,
        coverage
    from measured
)

select * from final
