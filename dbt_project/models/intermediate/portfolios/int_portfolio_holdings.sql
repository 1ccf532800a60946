{{ config(
    materialized='build_table',
    indexes=[{'columns': ['as_of_date', 'portfolio_id', 'symbol'], 'unique': true}],
) }}

-- Public holdings by symbol, options under their underlying, as the engines read them: delta-adjusted exposure in USD.
-- Cash and money-market funds have no exposure. An option without a delta counts in the gross market value, but not in
-- the known part.
with position_values as not materialized (
    select * from {{ ref('int_position_values') }}
    where is_open and investment_class <> 'PRIVATE' and {{ is_being_built() }}
),

final as (
    select
        portfolio_id,
        as_of_date,
        pricing_symbol as symbol,
        bool_and(is_cash_equivalent) as is_cash,
        cast(coalesce(sum(delta_adjusted_exposure) filter (where not is_cash_equivalent), 0) as double precision)
            as exposure,
        cast(
            coalesce(sum(market_value) filter (where investment_class = 'PUBLIC' and not is_cash_equivalent), 0)
            as double precision
        ) as linear_exposure,
        cast(sum(abs(market_value)) as double precision) as gross_market_value,
        cast(
            coalesce(sum(abs(market_value)) filter (where delta_adjusted_exposure is not null), 0)
            as double precision
        ) as known_market_value,
        cast(count(*) filter (where investment_class = 'PUBLIC' and not is_cash_equivalent) as integer)
            as linear_positions,
        cast(count(*) as integer) as positions,
        cast(count(delta_adjusted_exposure) as integer) as known_positions
    from position_values
    group by portfolio_id, as_of_date, pricing_symbol
)

select * from final
