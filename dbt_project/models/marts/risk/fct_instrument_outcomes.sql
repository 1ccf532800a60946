{{ config(materialized='mart', derived=true, grain=['portfolio_id', 'as_of_date', 'instrument_id']) }}

-- The units that portfolios hold beside the outcome vector of one unit: their product is what the holding gains or
-- loses on each past session.
with position_values as (
    select
        *,
        {{ stress_units() }} as units
    from {{ ref('int_position_values') }}
    where is_open and instrument_id is not null
),

held as (
    select
        publication_id,
        portfolio_id,
        as_of_date,
        instrument_id,
        sum(units) as units
    from position_values
    group by publication_id, portfolio_id, as_of_date, instrument_id
),

outcomes as (
    select * from {{ ref('int_instrument_outcomes') }}
),

final as (
    select
        held.publication_id,
        held.portfolio_id,
        held.as_of_date,
        held.instrument_id,
        outcomes.symbol,
        held.units,
        outcomes.outcomes,
        outcomes.unknown_sessions,
        outcomes.proxied_sessions
    from held
    inner join outcomes
        on
            held.as_of_date = outcomes.as_of_date
            and held.publication_id = outcomes.publication_id
            and held.instrument_id = outcomes.instrument_id
)

select * from final
