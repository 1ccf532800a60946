{{ config(materialized='mart', grain=['symbol', 'as_of_date']) }}

-- Volatility of symbols, with the residual volatility of the risk model and the beta of a data provider.
with volatilities as (
    select * from {{ ref('int_symbol_volatility') }}
),

betas as (
    select * from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
    where model = 'risk' and factor = 'Market'
),

profiles as (
    select * from {{ ref('int_symbol_profiles') }}
    where provider_beta is not null
),

final as (
    select
        volatilities.symbol,
        volatilities.as_of_date,
        volatilities.realized_volatility_21d,
        volatilities.realized_volatility_63d,
        volatilities.forecast_volatility_21d,
        volatilities.forecast_model,
        volatilities.forecast_volatility_21d_garch,
        volatilities.forecast_volatility_21d_ewma,
        volatilities.forecast_volatility_21d_har,
        volatilities.har_r_squared,
        volatilities.is_forecast_fallback,
        volatilities.volatility_trend,
        volatilities.volatility_percentile,
        volatilities.observations,
        betas.residual_volatility as idiosyncratic_volatility,
        profiles.provider_beta,
        profiles.profile_date as provider_beta_date
    from volatilities
    left join betas
        on volatilities.symbol = betas.symbol and volatilities.as_of_date = betas.as_of_date
    left join profiles
        on
            volatilities.symbol = profiles.symbol
            and volatilities.as_of_date >= profiles.profile_date
            and volatilities.as_of_date < profiles.valid_before
)

select * from final
