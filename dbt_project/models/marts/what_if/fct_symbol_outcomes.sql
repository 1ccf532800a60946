{{ config(materialized='mart', derived=true, grain=['symbol', 'as_of_date']) }}

-- Outcome vectors of symbols, whether they are held or not. The portfolios that hold them have theirs in
-- fct_instrument_outcomes.
with final as (
    select
        publication_id,
        symbol,
        as_of_date,
        outcomes,
        unknown_sessions,
        proxied_sessions
    from {{ ref('int_instrument_outcomes') }}
    where instrument_id = symbol
)

select * from final
