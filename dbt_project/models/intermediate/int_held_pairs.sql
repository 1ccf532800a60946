-- The pairs of symbols that some portfolio holds together, each once a session, and each symbol beside itself.
with holdings as (
    select * from {{ ref('int_engine_holdings') }}
),

final as (
    select
        first_leg.as_of_date,
        first_leg.symbol as symbol_1,
        second_leg.symbol as symbol_2
    from holdings as first_leg
    inner join holdings as second_leg
        on
            first_leg.portfolio_id = second_leg.portfolio_id
            and first_leg.as_of_date = second_leg.as_of_date
            and first_leg.symbol <= second_leg.symbol
    -- each pair once, whoever holds it
    group by first_leg.as_of_date, first_leg.symbol, second_leg.symbol
)

select * from final
