{{ config(materialized='ephemeral') }}

-- Every open position against every factor, with the beta of its symbol. Cash has beta 0; options stay without
-- one until they have a delta, private positions for good.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and as_of_date between {{ from_date() }} and {{ to_date() }}
),

betas as (
    select * from {{ ref('int_symbol_factor_betas') }}
    where as_of_date between {{ from_date() }} and {{ to_date() }}
),

factors as (
    select * from {{ ref('factors') }}
),

final as (
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        factors.model,
        factors.factor,
        position_values.market_value,
        position_values.investment_class <> 'PRIVATE' as is_in_scope,
        case
            when position_values.investment_class <> 'PUBLIC' then null
            when position_values.price_source = 'cash' then 0
            else betas.beta
        end as beta,
        betas.observations,
        betas.quality_flag
    from position_values
    cross join factors
    left join betas
        on
            position_values.pricing_symbol = betas.symbol
            and position_values.as_of_date = betas.as_of_date
            and factors.model = betas.model
            and factors.factor = betas.factor
)

select * from final
