{{ config(
    materialized='build_table',
    indexes=[{'columns': ['scenario_id', 'symbol'], 'unique': true}],
) }}

-- Total return of each stressed symbol over the window of each historical scenario; null unless it has a return on the
-- first and the last session of the window and on enough of those between. Sessions without a return count as 0.
-- Simulated prices are no history.
with windows as (
    select * from {{ ref('int_replay_windows') }}
),

held as (
    select symbol from {{ ref('int_stress_inputs') }}
    group by symbol
),

prices as not materialized (
    {{ market_rows(ref('fct_prices'), since='(select min(windows.first_session) from windows)') }}
),

known as (
    select
        windows.scenario_id,
        held.symbol,
        count(*) as session_count,
        count(*) filter (where prices.as_of_date in (windows.first_session, windows.last_session)) as end_count,
        case
            when min(prices.daily_return) <= -1 then -1
            else exp(sum(
                ln(greatest(1 + prices.daily_return, 1e-300)) order by prices.as_of_date
            )) - 1
        end as own_return
    from windows
    inner join prices on prices.as_of_date between windows.first_session and windows.last_session
    inner join held on prices.symbol = held.symbol
    where prices.daily_return is not null and prices.source <> 'simulated'
    group by windows.scenario_id, held.symbol
),

final as (
    select
        windows.scenario_id,
        held.symbol,
        windows.last_date,
        case
            when
                known.end_count = 2
                and known.session_count >= {{ var('replay_minimum_share') }} * windows.session_count
                then known.own_return
        end as own_return
    from windows
    cross join held
    left join known on windows.scenario_id = known.scenario_id and held.symbol = known.symbol
)

select * from final
