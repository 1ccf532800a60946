{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'as_of_date'], 'unique': true}],
) }}

-- The session before, by a fixed number, with whose stress a portfolio's is compared: only if no position was opened or
-- closed since, and the market did not move much.
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

market as (
    select * from {{ ref('factors') }}
    where model = 'risk' and factor = 'Market'
),

returns as (
    select * from {{ ref('int_return_windows') }}
),

market_moves as (
    select
        returns.session_number,
        exp(sum(ln(1 + returns.daily_return)) over (
            order by returns.session_number
            range between {{ var('stress_limits').change_sessions - 1 }} preceding and current row
        )) - 1 as market_move
    from returns
    inner join market on returns.symbol = market.proxy_symbol
),

changes as (
    select
        portfolio_id,
        first_session as changed_on
    from positions
    union distinct
    select
        portfolio_id,
        last_session as changed_on
    from positions
    where last_session is not null
),

compared as (
    select
        scopes.portfolio_id,
        scopes.as_of_date,
        earlier.as_of_date as earlier_date
    from scopes
    inner join sessions on scopes.as_of_date = sessions.as_of_date
    inner join market_moves on sessions.session_number = market_moves.session_number
    inner join sessions as earlier
        on sessions.session_number = earlier.session_number + {{ var('stress_limits').change_sessions }}
    where abs(market_moves.market_move) <= {{ var('stress_limits').market_move }}
),

final as (
    select compared.*
    from compared
    where not exists (
        select from changes
        where
            changes.portfolio_id = compared.portfolio_id
            and changes.changed_on > compared.earlier_date
            and changes.changed_on <= compared.as_of_date
    )
)

select * from final
