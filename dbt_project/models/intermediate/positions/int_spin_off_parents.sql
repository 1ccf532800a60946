{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'position_id', 'first_session'], 'unique': true}],
) }}

-- Lots that receive a spin-off, with the key of the lot that the parts of a purchase receive together. new_quantity:
-- signed, in shares of the ex-date; new_before: what the parts before it receive, so that values divide to the cent.
with paths as (
    select * from {{ ref('int_listed_paths') }}
    where new_symbol is not null and not is_adjusted
),

positions as (
    select * from {{ ref('stg_raw__positions') }}
),

spin_offs as (
    select * from {{ ref('int_spin_offs') }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

received as (
    select
        paths.position_id,
        positions.portfolio_id,
        cast(md5(concat_ws(
            chr(31),
            positions.portfolio_id,
            spin_offs.listed_new_symbol,
            positions.entry_date,
            trim_scale(positions.entry_price),
            sign(positions.quantity),
            paths.event_date
        )) as uuid) as lot_id,
        paths.from_session as first_session,
        paths.event_date as ex_date,
        paths.symbol as spun_off_from,
        paths.new_symbol,
        positions.entry_date,
        positions.entry_price,
        positions.is_entry_assumed,
        positions.investment_subtype,
        positions.quantity * paths.new_shares as new_quantity,
        paths.new_cost
    from paths
    inner join positions on paths.position_id = positions.position_id
    inner join spin_offs on paths.symbol = spin_offs.symbol and paths.event_date = spin_offs.ex_date
    left join portfolios on positions.portfolio_id = portfolios.portfolio_id
    left join calendar on positions.exit_date = calendar.as_of_date
    where
        -- what is sold before the new shares have a price gets none
        (positions.exit_date is null or calendar.session_on_or_after >= paths.from_session)
        and (portfolios.opening_date is null or portfolios.opening_date < paths.from_session)
),

final as (
    select
        *,
        sum(new_quantity) over (partition by lot_id order by position_id) - new_quantity as new_before,
        sum(new_quantity) over (partition by lot_id) as lot_quantity
    from received
)

select * from final
