{{ config(materialized='build_table', indexes=[{'columns': ['portfolio_id', 'position_id'], 'unique': true}]) }}

-- Lots received in spin-offs, with the acquisition date of the lots that received them. A lot is as received until a
-- statement says otherwise: then its rows count, and share its cost. A statement of the ex-date or later that was
-- loaded before the spin-off was known ends it. quantity: in shares of the ex-date.
with parents as (
    select * from {{ ref('int_spin_off_parents') }}
),

listed as (
    select * from {{ ref('stg_raw__positions') }}
    where spun_off_on is not null
),

stated as not materialized (
    select * from {{ ref('stg_raw__statements') }}
),

statements as (
    select
        parents.lot_id,
        min(stated.statement_date) as next_statement
    from parents
    inner join stated
        on
            parents.portfolio_id = stated.portfolio_id
            and parents.ex_date <= stated.statement_date
    group by parents.lot_id
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

received as (
    select
        parents.lot_id,
        parents.portfolio_id,
        parents.first_session,
        parents.ex_date,
        min(parents.spun_off_from) as spun_off_from,
        parents.new_symbol,
        parents.entry_date,
        parents.entry_price,
        bool_or(parents.is_entry_assumed) as is_entry_assumed,
        min(parents.investment_subtype) as investment_subtype,
        cast(sum(parents.new_quantity) as numeric(38, 6)) as quantity,
        sum(parents.new_cost) as new_cost
    from parents
    group by
        parents.lot_id, parents.portfolio_id, parents.first_session, parents.ex_date, parents.new_symbol,
        parents.entry_date, parents.entry_price
),

rows_of_lots as (
    select
        received.*,
        listed.position_id,
        listed.quantity as listed_quantity,
        case
            when listed.position_id is not null then listed.exit_date
            when statements.next_statement is not null
                then greatest(calendar.session_on_or_before, received.first_session)
        end as exit_date,
        listed.exit_price,
        listed.notes,
        listed.own_tags,
        sum(listed.quantity) over by_lot as listed_before,
        sum(listed.quantity) over (partition by received.lot_id) as listed_total
    from received
    left join statements on received.lot_id = statements.lot_id
    left join calendar on statements.next_statement = calendar.as_of_date
    left join listed
        on
            received.portfolio_id = listed.portfolio_id
            and received.ex_date = listed.spun_off_on
            and received.new_symbol = listed.symbol
            and received.entry_date = listed.entry_date
            and received.entry_price = listed.entry_price
            and sign(received.quantity) = sign(listed.quantity)
    window by_lot as (partition by received.lot_id order by listed.position_id)
),

final as (
    select
        coalesce(position_id, lot_id) as position_id,
        lot_id,
        portfolio_id,
        new_symbol as symbol,
        spun_off_from,
        ex_date as spun_off_on,
        first_session,
        entry_date,
        is_entry_assumed,
        investment_subtype,
        coalesce(listed_quantity, quantity) as quantity,
        -- the parts of a lot share its cost to the cent
        cast(case
            when position_id is null then new_cost
            else
                round(new_cost * listed_before / listed_total, 2)
                - round(new_cost * (listed_before - listed_quantity) / listed_total, 2)
        end as numeric(38, 2)) as new_cost,
        exit_date,
        exit_price,
        notes,
        own_tags
    from rows_of_lots
    where coalesce(listed_quantity, quantity) <> 0
)

select * from final
