{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'position_id'], 'unique': true}],
) }}

-- Lots with the sessions on which they count. A lot from before the portfolio's opening date counts from then on. A
-- merger for cash ends a lot, unless it was sold before; an option on it settles on that session, not at its expiry.
-- What a spin-off brings counts from its session on, at its value of that day, with the entry date of its parent and a
-- part of its cost.
with positions as (
    select
        position_id,
        portfolio_id,
        symbol,
        underlying_symbol,
        investment_class,
        investment_subtype,
        option_type,
        strike_price,
        expiration_date,
        quantity,
        entry_date,
        entry_price,
        is_entry_assumed,
        exit_date,
        exit_price,
        notes,
        own_tags,
        cast(null as numeric(38, 2)) as cost_received,
        cast(null as date) as spun_off_session,
        cast(null as date) as spun_off_on,
        cast(null as text) as spun_off_from,
        cast(null as uuid) as spun_off_lot
    from {{ ref('stg_raw__positions') }}
    where spun_off_on is null
    union all
    select
        position_id,
        portfolio_id,
        symbol,
        cast(null as text) as underlying_symbol,
        'PUBLIC' as investment_class,
        investment_subtype,
        cast(null as text) as option_type,
        cast(null as numeric) as strike_price,
        cast(null as date) as expiration_date,
        quantity,
        entry_date,
        {{ rounded_price('abs(new_cost / quantity)') }} as entry_price,
        is_entry_assumed,
        exit_date,
        exit_price,
        notes,
        own_tags,
        new_cost as cost_received,
        first_session as spun_off_session,
        spun_off_on,
        spun_off_from,
        lot_id as spun_off_lot
    from {{ ref('int_spun_off_lots') }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

cash_symbols as (
    select * from {{ ref('cash_symbols') }}
),

european_options as (
    select * from {{ ref('european_options') }}
),

money_market_funds as (
    select distinct symbol from {{ ref('stg_raw__company_profiles') }}
    where security_type = 'CASH'
),

cash_mergers as (
    select * from {{ ref('int_position_paths') }}
    where symbol is null
),

dated as (
    select
        positions.*,
        cash_mergers.from_session as merger_session,
        cash_mergers.since_date as merger_date,
        portfolios.removed_on,
        portfolios.opening_date,
        -- a lot entered before the first day of the calendar is held from its first session on
        coalesce(
            entry_days.session_on_or_after, (select min(calendar.session_on_or_after) from calendar)
        ) as entry_session,
        exit_days.session_on_or_after as exit_session,
        expiration_days.session_on_or_before as expiration_session,
        positions.investment_class <> 'OPTIONS' and (
            cash_symbols.symbol is not null
            or positions.investment_subtype is not distinct from 'CASH'
            or positions.symbol like 'CASH\_%'
        ) as is_cash,
        positions.investment_class <> 'OPTIONS' and (
            money_market_funds.symbol is not null or positions.investment_subtype is not distinct from 'MONEY_MARKET'
        ) as is_money_market,
        case
            when positions.investment_class = 'OPTIONS'
                then (case when european_options.symbol is null then 'AMERICAN' else 'EUROPEAN' end)
        end as exercise
    from positions
    left join cash_symbols on positions.symbol = cash_symbols.symbol
    left join european_options on positions.underlying_symbol = european_options.symbol
    left join money_market_funds on positions.symbol = money_market_funds.symbol
    left join portfolios on positions.portfolio_id = portfolios.portfolio_id
    left join calendar as entry_days on positions.entry_date = entry_days.as_of_date
    left join calendar as exit_days on positions.exit_date = exit_days.as_of_date
    -- an expiration beyond the calendar's horizon has no settlement session yet
    left join calendar as expiration_days on positions.expiration_date = expiration_days.as_of_date
    left join cash_mergers on positions.position_id = cash_mergers.position_id
),

ending as (
    select
        *,
        coalesce(
            merger_session <= least(coalesce(exit_session, 'infinity'), coalesce(expiration_session, 'infinity')), false
        ) as is_merged
    from dated
),

opened as (
    select
        *,
        spun_off_session is not null or coalesce(entry_session < opening_date, false) as is_opening,
        coalesce(spun_off_session, greatest(entry_session, opening_date)) as first_session,
        case when is_merged then merger_session else expiration_session end as settlement_session
    from ending
),

typed as (
    select
        *,
        case when investment_class = 'OPTIONS' then 100 else 1 end as contract_multiplier,
        coalesce(underlying_symbol, symbol) as pricing_symbol,
        case
            when is_merged then greatest(merger_session, entry_session)
            when coalesce(exit_session, settlement_session) is not null
                then greatest(least(exit_session, settlement_session), coalesce(spun_off_session, entry_session))
        end as last_session,
        case
            when investment_class = 'OPTIONS'
                then (case when quantity > 0 then 'L' else 'S' end) || left(option_type, 1)
            when quantity > 0 then 'LONG'
            else 'SHORT'
        end as position_type
    from opened
),

final as (
    select
        position_id,
        portfolio_id,
        symbol,
        underlying_symbol,
        pricing_symbol,
        investment_class,
        investment_subtype,
        position_type,
        is_cash,
        is_cash or is_money_market as is_cash_equivalent,
        option_type,
        exercise,
        strike_price,
        expiration_date,
        quantity,
        contract_multiplier,
        entry_date,
        is_entry_assumed,
        entry_price,
        coalesce(cost_received, cast(quantity * contract_multiplier * entry_price as numeric(38, 2))) as cost_basis,
        exit_date,
        exit_price,
        entry_session,
        is_opening,
        first_session,
        settlement_session,
        last_session,
        case when is_merged then merger_date end as merger_date,
        case
            when is_merged then 'merger'
            when exit_session <= coalesce(settlement_session, exit_session) then 'exit'
            when settlement_session is not null then 'settlement'
        end as closed_by,
        removed_on,
        notes,
        own_tags,
        spun_off_on,
        spun_off_from,
        spun_off_lot
    from typed
    -- what ended before the portfolio opens is not part of it
    where last_session >= first_session or last_session is null
)

select * from final
