{{ config(
    materialized='fact',
    indexes=[{'columns': ['symbol', 'as_of_date'], 'unique': true}, {'columns': ['as_of_date']}],
) }}

-- Volatility of symbols, with what their factor betas leave unexplained and the beta that a provider says.
with volatilities as (
    select * from {{ ref('int_symbol_volatility') }}
    where as_of_date between {{ from_date() }} and {{ to_date() }}
),

betas as (
    select * from {{ ref('int_symbol_factor_betas') }}
    where
        model = 'risk' and factor = 'Market'
        and as_of_date between {{ from_date() }} and {{ to_date() }}
),

profiles as (
    select * from {{ ref('int_symbol_profiles') }}
    where provider_beta is not null
),

final as (
    select
        volatilities.*,
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
